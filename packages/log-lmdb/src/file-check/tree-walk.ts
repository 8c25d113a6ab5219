import {
  damaged,
  PAGE_HEADER,
  type PageReader,
  TREE_RECORD,
  type TreeRecord,
  treeRecord,
  u64,
} from './page-reader.ts';

const BRANCH = 1;
const LEAF = 2;
const BIG_DATA = 1;
const SUB_TREE = 2;
/** The size of a node's header, in bytes: a length or page in two halves, flags, key length. */
const NODE_HEADER = 8;

/** The pages in use. Each may be used once. */
export class PageMap {
  readonly #used: Uint8Array;
  readonly #last: number;
  /** The highest page that the file must hold. */
  highest = 1;

  constructor(lastPage: number, fileSize: number, pageSize: number) {
    // Free pages may lie past the end of the file, but not many times its size.
    if (lastPage < 1 || lastPage * pageSize > fileSize * 16 + 2 ** 30) {
      throw damaged(`it cannot have ${lastPage} pages`);
    }
    this.#last = lastPage;
    this.#used = new Uint8Array((lastPage >> 3) + 1);
  }

  /**
   * Marks pages as used; the file must hold them if they are `live`. Throws `corrupt` if one is used
   * already or does not exist.
   */
  use(pages: { readonly first: number; readonly count: number; readonly live: boolean }): void {
    const { first, count, live } = pages;
    if (first < 2 || first + count - 1 > this.#last) {
      throw damaged(`page ${first} lies outside`);
    }
    for (let page = first; page < first + count; page++) {
      if ((this.#used[page >> 3]! & (1 << (page & 7))) !== 0) {
        throw damaged(`page ${page} is used twice`);
      }
      this.#used[page >> 3]! |= 1 << (page & 7);
    }
    if (live) this.highest = Math.max(this.highest, first + count - 1);
  }
}

/** An entry in a leaf of a tree. */
export interface Leaf {
  readonly key: Uint8Array;
  readonly size: number;
  /** Where the value is: in the page of the leaf, or on pages of its own. */
  readonly value: { readonly view: DataView; readonly at: number } | { readonly page: number };
  readonly tree: TreeRecord | undefined;
}

type Compare = (a: Uint8Array, b: Uint8Array) => number;

/** What {@link walkTree} walks. */
export interface Tree {
  readonly record: TreeRecord;
  /** How keys are ordered. */
  readonly compare: Compare;
}

/**
 * Walks a tree in order and yields the entries of its leaves. Checks what LMDB takes for granted:
 * each page is where it belongs and used once, nodes lie inside their page without gaps, keys
 * ascend, and the counts are right. Throws `corrupt`.
 */
export function* walkTree(
  reader: PageReader,
  map: PageMap,
  { record, compare }: Tree,
): Generator<Leaf, void, undefined> {
  const found = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
  /** The previous key, and the lowest that the next key may be. */
  let previous: Uint8Array | undefined;
  let least: Uint8Array | undefined;

  function* walk(page: number, level: number): Generator<Leaf, void, undefined> {
    map.use({ first: page, count: 1, live: true });
    const view = reader.pages(page);
    const isLeaf = level === record.depth;
    const nodes = nodesOf(view, reader, { page, isLeaf });
    if (isLeaf) found.leafPages++;
    else found.branchPages++;
    for (let i = 0; i < nodes.length; i++) {
      const at = nodes[i]!;
      const key = new Uint8Array(view.buffer, at + NODE_HEADER, view.getUint16(at + 6, true));
      if (!isLeaf) {
        if (i > 0) {
          if (previous !== undefined && compare(key, previous) <= 0) throw misplaced(page);
          least = key;
        }
        yield* walk(childOf(view, at), level + 1);
        continue;
      }
      if (previous !== undefined && compare(key, previous) <= 0) throw misplaced(page);
      if (least !== undefined && compare(key, least) < 0) throw misplaced(page);
      previous = key;
      least = undefined;
      found.entries++;
      const leaf = leafOf(view, at, key);
      if ('page' in leaf.value) {
        const pages = pagesOf(leaf.size, reader);
        if (u64(view, at + NODE_HEADER + key.length + 16) !== pages) throw misplaced(page);
        map.use({ first: leaf.value.page, count: pages, live: true });
        found.overflowPages += pages;
      }
      yield leaf;
    }
  }

  if (record.root !== undefined) yield* walk(record.root, 1);
  else if (record.depth !== 0) throw damaged('a tree has no root');
  for (const name of Object.keys(found) as (keyof typeof found)[]) {
    if (found[name] !== record[name]) {
      throw damaged(`a tree has ${found[name]} ${name}, not ${record[name]}`);
    }
  }
}

/** How many pages a long value takes. */
export function pagesOf(size: number, reader: PageReader): number {
  return Math.floor((PAGE_HEADER - 1 + size) / reader.meta.pageSize) + 1;
}

function misplaced(page: number): Error {
  return damaged(`page ${page} has entries out of place`);
}

/** The offsets of the nodes of a page, in order. The nodes fill the page from its end. */
function nodesOf(
  view: DataView,
  reader: PageReader,
  { page, isLeaf }: { readonly page: number; readonly isLeaf: boolean },
): number[] {
  const size = view.byteLength;
  const wrong = (what: string): Error => damaged(`page ${page} has ${what}`);
  if (u64(view, 0) !== page) throw wrong('the number of another page');
  if (u64(view, 8) > reader.meta.transaction) throw wrong('a transaction that does not exist yet');
  if (view.getUint16(18, true) !== (isLeaf ? LEAF : BRANCH))
    throw wrong('the flags of another kind of page');
  const lower = view.getUint16(20, true);
  const upper = view.getUint16(22, true);
  if (lower % 2 !== 0 || lower > upper || upper > size - PAGE_HEADER)
    throw wrong('impossible bounds');
  const count = lower / 2;
  if (count < (isLeaf ? 1 : 2)) throw wrong('too few entries');
  const nodes: number[] = [];
  const spans: [number, number][] = [];
  for (let i = 0; i < count; i++) {
    const at = view.getUint16(PAGE_HEADER + 2 * i, true) + PAGE_HEADER;
    if (at % 2 !== 0 || at < upper + PAGE_HEADER || at + NODE_HEADER > size) {
      throw wrong('an entry outside its bounds');
    }
    const keySize = view.getUint16(at + 6, true);
    const flags = view.getUint16(at + 4, true);
    let length = NODE_HEADER + keySize;
    if (isLeaf) {
      if (flags !== 0 && flags !== BIG_DATA && flags !== SUB_TREE)
        throw wrong('an entry of unknown kind');
      length += flags === BIG_DATA ? 24 : view.getUint32(at, true);
      if (flags === SUB_TREE && view.getUint32(at, true) !== TREE_RECORD)
        throw wrong('an entry that is not a tree');
    }
    length += length % 2;
    if (at + length > size) throw wrong('an entry outside its bounds');
    nodes.push(at);
    spans.push([at, at + length]);
  }
  spans.sort((a, b) => a[0] - b[0]);
  let end = upper + PAGE_HEADER;
  for (const [from, to] of spans) {
    if (from !== end) throw wrong('overlapping entries, or a gap between them');
    end = to;
  }
  if (end !== size) throw wrong('a gap at its end');
  return nodes;
}

function childOf(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
}

function leafOf(view: DataView, at: number, key: Uint8Array): Leaf {
  const size = view.getUint32(at, true);
  const flags = view.getUint16(at + 4, true);
  const data = at + NODE_HEADER + key.length;
  return {
    key,
    size,
    value: flags === BIG_DATA ? { page: u64(view, data) } : { view, at: data },
    tree: flags === SUB_TREE ? treeRecord(view, data) : undefined,
  };
}
