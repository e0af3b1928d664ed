# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents from a RELAX NG schema: for each value, attribute and element that it allows, the least
document that has it.

A pattern is a tuple, its kind first. variants() follows each way through a pattern once and takes
the cheapest one everywhere beside that way.
"""
import os
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

try:
    from re import _parser as sre, _constants as codes
except ImportError:
    import sre_constants as codes
    import sre_parse as sre

RNG = '{http://relaxng.org/ns/structure/1.0}'
TOO_MUCH = 10 ** 6
DEPTH = 2   # how often a definition may be within itself


class Node:
    """An element of a document."""
    def __init__(self, name, ns, items):
        self.name, self.ns = name, ns
        self.attributes = {i[1]: i[2] for i in items if i[0] == 'attribute'}
        self.children = [i[1] for i in items if i[0] == 'element']
        self.text = ''.join(i[1] for i in items if i[0] == 'text')

    def find(self, path):
        """The first element at a path below, or None."""
        node = self
        for name in path.split('/'):
            node = next((c for c in node.children if c.name == name), None) if node else None
        return node

    def add(self, name, text='', **attributes):
        child = Node(name, '', [('attribute', k, v) for k, v in attributes.items()])
        child.text = text
        self.children.append(child)
        return child

    def write(self):
        name = f'n:{self.name}' if self.ns else self.name
        head = f' xmlns:n={quoteattr(self.ns)}' if self.ns else ''
        head += ''.join(f' {k}={quoteattr(v)}' for k, v in self.attributes.items())
        inner = escape(self.text) + ''.join(c.write() for c in self.children)
        return f'<{name}{head}>{inner}</{name}>' if inner else f'<{name}{head}/>'


def sample(pattern):
    """A text that a regular expression matches."""
    def one(op, arg):
        if op is codes.LITERAL:
            return chr(arg)
        if op is codes.ANY:
            return 'a'
        if op is codes.NOT_LITERAL:
            return 'a' if arg != ord('a') else 'b'
        if op is codes.IN:
            return one_of(arg)
        if op in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least = arg[0] if arg[1] == 1 else max(arg[0], 1)
            return ''.join(all_of(arg[2]) for _ in range(least))
        if op is codes.SUBPATTERN:
            return all_of(arg[-1])
        if op is codes.BRANCH:
            return min((all_of(branch) for branch in arg[1]), key=len)
        if op is codes.CATEGORY:
            return {'CATEGORY_DIGIT': '1', 'CATEGORY_SPACE': ' '}.get(str(arg), 'a')
        return ''

    def one_of(items):
        if items[0][0] is codes.NEGATE:
            return next(c for c in 'a1/ -' if re.match(pattern_of(items), c))
        ranges = {chr(i[1][0]): chr(i[1][1]) for i in items if i[0] is codes.RANGE}
        if ranges.get('a', 'z') == 'z' and 'a' in ranges:
            return 'a'
        if '0' in ranges:  # of numbers in any base
            return '1' if ranges['0'] > '0' else '0'
        op, arg = items[0]
        return chr(arg[0]) if op is codes.RANGE else one(op, arg)

    def pattern_of(items):
        text = '[^'
        for op, arg in items[1:]:
            text += re.escape(chr(arg)) if op is codes.LITERAL else \
                f'{re.escape(chr(arg[0]))}-{re.escape(chr(arg[1]))}' if op is codes.RANGE else r'\s'
        return text + ']'

    def all_of(items):
        return ''.join(one(op, arg) for op, arg in items)

    return all_of(sre.parse(re.sub(r'^\$', r'\\$', pattern)))  # in a schema it is a letter


NUMBERS = {'unsignedShort', 'unsignedInt', 'unsignedLong', 'int', 'integer', 'long', 'short',
           'positiveInteger', 'double'}
TEXTS = {'dateTime': '2026-01-02T03:04:05', 'NCName': 'name', 'anyURI': 'http://example.org/'}


def samples(kind, params):
    """Texts of a data type: a usual one first."""
    if kind in TEXTS:
        return [TEXTS[kind]]
    if kind in NUMBERS:
        low = int(params.get('minInclusive', 1 if kind == 'positiveInteger' else 0))
        high = int(params.get('maxInclusive', low + 2))
        return sorted({min(max(low, 1), high), low, high}, key=lambda n: (n != 1, n))
    return [sample(params['pattern'])] if 'pattern' in params else ['text']


class Schema:
    def __init__(self, path):
        self.definitions = {}
        self.costs, self.least = {}, {}
        self.start = None
        self.load(path, set())

    # ---- from the files ----

    def load(self, path, replaced):
        folder = os.path.dirname(path)
        for node in ET.parse(path).getroot():
            if node.tag == RNG + 'include':
                own = {d.get('name') for d in node if d.tag == RNG + 'define'}
                self.load(os.path.join(folder, node.get('href')), replaced | own)
                for definition in node:
                    self.define(definition, replaced)
            elif node.tag == RNG + 'start' and 'start' not in replaced:
                self.start = self.group(node, '')
            else:
                self.define(node, replaced)

    def define(self, node, replaced):
        name = node.get('name')
        if node.tag != RNG + 'define' or name in replaced:
            return
        pattern = self.group(node, node.get('ns', ''))
        if node.get('combine') and name in self.definitions:
            pattern = ('choice', [self.definitions[name], pattern])
        self.definitions[name] = pattern

    def group(self, node, ns):
        parts = [p for p in (self.convert(child, ns) for child in node) if p]
        return parts[0] if len(parts) == 1 else ('group', parts)

    def convert(self, node, ns):
        if not isinstance(node.tag, str) or not node.tag.startswith(RNG):
            return None
        kind, ns = node.tag[len(RNG):], node.get('ns', ns)
        if kind == 'element':
            if node.get('name') is None:
                return ('any',)
            return ('element', node.get('name').split(':')[-1], ns, self.group(node, ns))
        if kind == 'attribute':
            if node.get('name') is None:
                return ('empty',)
            inner = self.group(node, ns)
            return ('attribute', node.get('name'), ('text',) if inner == ('group', []) else inner)
        if kind in ('group', 'interleave', 'mixed'):
            return self.group(node, ns)
        if kind == 'choice':
            return ('choice', [p for p in (self.convert(c, ns) for c in node) if p])
        if kind in ('optional', 'zeroOrMore'):
            return ('choice', [('empty',), self.group(node, ns)])
        if kind in ('oneOrMore', 'list'):
            return self.group(node, ns)
        if kind == 'ref':
            return ('ref', node.get('name'))
        if kind == 'value':
            return ('value', node.text or '')
        if kind == 'data':
            params = {p.get('name'): p.text for p in node.iter(RNG + 'param')}
            return ('data', node.get('type'), params)
        return (kind,)

    # ---- the cheapest way ----

    def cost(self, p):
        kind = p[0]
        if kind in ('element', 'attribute'):
            return 1 + self.cost(p[-1])
        if kind == 'group':
            return min(TOO_MUCH, sum(self.cost(part) for part in p[1]))
        if kind == 'choice':
            return min(self.cost(part) for part in p[1])
        if kind == 'ref':
            if p[1] not in self.costs:
                self.costs[p[1]] = TOO_MUCH  # while it is looked at
                self.costs[p[1]] = self.cost(self.definitions[p[1]])
            return self.costs[p[1]]
        if kind == 'data' and p[2].get('pattern', '').startswith('0x'):
            return 0.5  # decimal where there is a choice
        return TOO_MUCH if kind == 'notAllowed' else 0

    def cheapest(self, p):
        """Its items: attributes, elements, text."""
        kind = p[0]
        if kind == 'ref':
            return self.cheapest(self.definitions[p[1]])
        if kind == 'group':
            return [item for part in p[1] for item in self.cheapest(part)]
        if kind == 'choice':
            return self.cheapest(min(p[1], key=self.cost))
        if kind == 'element':
            return [('element', Node(p[1], p[2], self.cheapest(p[3])))]
        if kind == 'attribute':
            return [('attribute', p[1], ''.join(i[1] for i in self.cheapest(p[2])))]
        return next(iter(self.leaf(p)), [])

    @staticmethod
    def leaf(p):
        if p[0] == 'value':
            yield [('text', p[1])]
        elif p[0] == 'data':
            for text in samples(p[1], p[2]):
                yield [('text', str(text))]
        elif p[0] == 'text':
            yield [('text', 'text')]
        elif p[0] != 'notAllowed':
            yield []

    # ---- all ways ----

    def variants(self, p, inside=()):
        kind = p[0]
        if kind == 'ref':
            if inside.count(p[1]) < DEPTH and self.cost(p) < TOO_MUCH:
                yield from self.variants(self.definitions[p[1]], inside + (p[1],))
        elif kind == 'group':
            for i, part in enumerate(p[1]):
                around = None
                for items in self.variants(part, inside):
                    if around is None:
                        around = [self.cheapest(q) if k != i else None
                                  for k, q in enumerate(p[1])]
                    yield [item for k, q in enumerate(around)
                           for item in (items if k == i else q)]
            if not p[1]:
                yield []
        elif kind == 'choice':
            for part in p[1]:
                if self.cost(part) < TOO_MUCH and part[0] != 'empty':
                    yield from self.variants(part, inside)
        elif kind == 'element':
            for items in self.variants(p[3], inside):
                yield [('element', Node(p[1], p[2], items))]
        elif kind == 'attribute':
            for items in self.variants(p[2], inside):
                yield [('attribute', p[1], ''.join(i[1] for i in items))]
        else:
            yield from self.leaf(p)

    def documents(self):
        for items in self.variants(self.start):
            for item in items:
                if item[0] == 'element':
                    yield item[1]
