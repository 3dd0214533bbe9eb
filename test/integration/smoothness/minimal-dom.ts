/** As much of a document as Preact draws on: elements, texts, and what is asked of them. */
class SmallNode {
  parentNode: SmallNode | null = null;
  childNodes: SmallNode[] = [];
  readonly namespaceURI = 'http://www.w3.org/1999/xhtml';
  readonly style = {};
  readonly attributes: { name: string; value: string }[] = [];
  data = '';
  constructor(
    readonly nodeType: number,
    readonly localName: string,
  ) {}
  get nodeName(): string {
    return this.localName.toUpperCase();
  }
  get ownerDocument(): unknown {
    return smallDocument;
  }
  get firstChild(): SmallNode | null {
    return this.childNodes[0] ?? null;
  }
  get nextSibling(): SmallNode | null {
    return this.parentNode?.childNodes[this.parentNode.childNodes.indexOf(this) + 1] ?? null;
  }
  get previousSibling(): SmallNode | null {
    return this.parentNode?.childNodes[this.parentNode.childNodes.indexOf(this) - 1] ?? null;
  }
  get textContent(): string {
    return this.nodeType === 3 ? this.data : this.childNodes.map(child => child.textContent).join('');
  }
  contains(node: SmallNode | null): boolean {
    return node !== null && (node === this || this.contains(node.parentNode));
  }
  insertBefore(node: SmallNode, before: SmallNode | null): SmallNode {
    node.remove();
    this.childNodes.splice(before ? this.childNodes.indexOf(before) : this.childNodes.length, 0, node);
    node.parentNode = this;
    return node;
  }
  appendChild(node: SmallNode): SmallNode {
    return this.insertBefore(node, null);
  }
  removeChild(node: SmallNode): SmallNode {
    node.remove();
    return node;
  }
  remove(): void {
    const at = this.parentNode?.childNodes.indexOf(this) ?? -1;
    if (at >= 0) this.parentNode!.childNodes.splice(at, 1);
    this.parentNode = null;
  }
  setAttribute(name: string, value: string): void {
    this.attributes.push({ name, value });
  }
  removeAttribute(): void {}
  addEventListener(): void {}
  removeEventListener(): void {}
}

const smallDocument = {
  createElement: (name: string) => new SmallNode(1, name),
  createElementNS: (_space: string, name: string) => new SmallNode(1, name),
  createTextNode: (text: string) => Object.assign(new SmallNode(3, '#text'), { data: text }),
};

/** A place to draw into. The global `document` is this one until `end`. */
export function createMinimalRoot(): { root: Element & { textContent: string }; end(): void } {
  const held = globalThis as { document?: unknown };
  const before = held.document;
  held.document = smallDocument;
  return {
    root: new SmallNode(1, 'main') as never,
    end: () => {
      if (before === undefined) delete held.document;
      else held.document = before;
    },
  };
}
