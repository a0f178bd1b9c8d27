/**
 * The kind of an IP literal in a URL. The URL parser has already turned every notation (octal, hexadecimal, one
 * number, `::ffff:` with dots) into one canonical text, and only that text is read here.
 */

/**
 * - name: not an IP literal.
 * - public: globally reachable.
 * - loopback: 127.0.0.0/8 or ::1.
 * - reserved: every other address that is not globally reachable, including IPv6 forms that embed IPv4.
 */
export type AddressKind = "name" | "public" | "loopback" | "reserved";

type Block = readonly [base: string, bits: number];

/** Reserved blocks without loopback, which is a separate kind. */
const reserved4: readonly Block[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  // Multicast, 224/4, and the former class E, 240/4.
  ["224.0.0.0", 3],
];

/** Inside 2000::/3; everything outside is reserved. All blocks are within the first 32 bits. */
const reserved6: readonly Block[] = [
  ["2001:0", 23],
  ["2001:db8", 32],
  ["2002:0", 16],
  ["3fff:0", 20],
];
const global6: Block = ["2000:0", 3];
const loopback4: Block = ["127.0.0.0", 8];

const dottedQuad = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/** Classifies `URL.hostname`: canonical, lower case, IPv6 in brackets. */
export function classifyAddress(hostname: string): AddressKind {
  if (hostname.startsWith("[")) {
    if (hostname === "[::1]") return "loopback";
    const word = word6(hostname.slice(1, -1));
    if (!inside(word, global6, word6)) return "reserved";
    return reserved6.some((block) => inside(word, block, word6)) ? "reserved" : "public";
  }
  if (!dottedQuad.test(hostname)) return "name";
  const word = word4(hostname);
  if (inside(word, loopback4, word4)) return "loopback";
  return reserved4.some((block) => inside(word, block, word4)) ? "reserved" : "public";
}

function inside(word: number, [base, bits]: Block, read: (text: string) => number): boolean {
  return word >>> (32 - bits) === read(base) >>> (32 - bits);
}

/** A dotted quad as 32 bits. */
function word4(text: string): number {
  return text
    .split(".")
    .map(Number)
    .reduce((word, part) => (word << 8) | part);
}

/** The first two groups of canonical IPv6 text as 32 bits. `::` replaces at least two groups of zeros. */
function word6(text: string): number {
  return text
    .replace(/^::/, "0:0:")
    .replace("::", ":0:")
    .split(":", 2)
    .map((group) => Number.parseInt(group, 16))
    .reduce((word, group) => (word << 16) | group);
}
