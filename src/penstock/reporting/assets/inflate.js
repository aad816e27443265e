/* Inflates a raw-deflate stream: by the browser where it can, else by the textbook (RFC 1951). */
const inflating = (() => {
  const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const REACH_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  const REACH_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  function huffman(lengths) {
    const counts = new Uint16Array(16), starts = new Uint16Array(16), symbols = new Uint16Array(lengths.length);
    for (const length of lengths) counts[length]++;
    counts[0] = 0;
    for (let i = 1; i < 16; i++) starts[i] = starts[i - 1] + counts[i - 1];
    lengths.forEach((length, symbol) => { if (length) symbols[starts[length]++] = symbol; });
    return { counts, symbols };
  }

  function byHand(bytes) {
    let at = 0, hold = 0, held = 0, size = 0, out = new Uint8Array(bytes.length * 4 + 1024);
    const bits = (n) => {
      while (held < n) { hold |= bytes[at++] << held; held += 8; }
      const value = hold & ((1 << n) - 1);
      hold >>>= n; held -= n;
      return value;
    };
    const symbol = ({ counts, symbols }) => {
      let code = 0, first = 0, index = 0;
      for (let length = 1; length < 16; length++) {
        code |= bits(1);
        const count = counts[length];
        if (code - first < count) return symbols[index + code - first];
        index += count; first = (first + count) << 1; code <<= 1;
      }
      throw new Error("The packed data of this page are damaged.");
    };
    const room = (more) => {
      if (size + more <= out.length) return;
      const larger = new Uint8Array(Math.max(out.length * 2, size + more));
      larger.set(out); out = larger;
    };
    const fixed = [
      huffman([...Array(144).fill(8), ...Array(112).fill(9), ...Array(24).fill(7), ...Array(8).fill(8)]),
      huffman(Array(30).fill(5)),
    ];
    const dynamic = () => {
      const literals = bits(5) + 257, reaches = bits(5) + 1, codes = bits(4) + 4, lengths = Array(19).fill(0);
      for (let i = 0; i < codes; i++) lengths[ORDER[i]] = bits(3);
      const coded = huffman(lengths), all = [];
      while (all.length < literals + reaches) {
        const s = symbol(coded);
        if (s < 16) all.push(s);
        else {
          const value = s === 16 ? all[all.length - 1] : 0;
          let repeat = s === 16 ? 3 + bits(2) : s === 17 ? 3 + bits(3) : 11 + bits(7);
          while (repeat--) all.push(value);
        }
      }
      return [huffman(all.slice(0, literals)), huffman(all.slice(literals))];
    };
    for (let last = false; !last;) {
      last = bits(1) === 1;
      const type = bits(2);
      if (type === 0) {
        hold = held = 0;
        const length = bytes[at] | (bytes[at + 1] << 8);
        at += 4; room(length);
        out.set(bytes.subarray(at, at + length), size);
        at += length; size += length;
        continue;
      }
      const [literal, reach] = type === 1 ? fixed : dynamic();
      for (let s = symbol(literal); s !== 256; s = symbol(literal)) {
        if (s < 256) { room(1); out[size++] = s; continue; }
        const length = LENGTH_BASE[s - 257] + bits(LENGTH_BITS[s - 257]);
        const r = symbol(reach), back = REACH_BASE[r] + bits(REACH_BITS[r]);
        room(length);
        for (let i = 0; i < length; i++, size++) out[size] = out[size - back];
      }
    }
    return out.slice(0, size);
  }

  async function byBrowser(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  return async (id) => {
    const text = atob(document.getElementById(id).textContent.trim());
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    try { return await byBrowser(bytes); } catch { return byHand(bytes); }
  };
})();
