/**
 * Each reserved block: its first and last address are denied although a rule lists them, and the addresses next to
 * it are allowed unless they belong to another block.
 */
import type { Case } from "./case.ts";

interface Block {
  name: string;
  inside: readonly string[];
  outside: readonly string[];
}

const blocks: readonly Block[] = [
  { name: "0/8", inside: ["0.0.0.0", "0.255.255.255"], outside: ["1.0.0.0"] },
  { name: "10/8", inside: ["10.0.0.0", "10.255.255.255"], outside: ["9.255.255.255", "11.0.0.0"] },
  {
    name: "100.64/10",
    inside: ["100.64.0.0", "100.127.255.255"],
    outside: ["100.63.255.255", "100.128.0.0"],
  },
  {
    name: "127/8",
    inside: ["127.0.0.0", "127.255.255.255"],
    outside: ["126.255.255.255", "128.0.0.0"],
  },
  {
    name: "169.254/16",
    inside: ["169.254.0.0", "169.254.255.255"],
    outside: ["169.253.255.255", "169.255.0.0"],
  },
  {
    name: "172.16/12",
    inside: ["172.16.0.0", "172.31.255.255"],
    outside: ["172.15.255.255", "172.32.0.0"],
  },
  {
    name: "192.0.0/24",
    inside: ["192.0.0.0", "192.0.0.255"],
    outside: ["191.255.255.255", "192.0.1.0"],
  },
  {
    name: "192.0.2/24",
    inside: ["192.0.2.0", "192.0.2.255"],
    outside: ["192.0.1.255", "192.0.3.0"],
  },
  {
    name: "192.88.99/24",
    inside: ["192.88.99.0", "192.88.99.255"],
    outside: ["192.88.98.255", "192.88.100.0"],
  },
  {
    name: "192.168/16",
    inside: ["192.168.0.0", "192.168.255.255"],
    outside: ["192.167.255.255", "192.169.0.0"],
  },
  {
    name: "198.18/15",
    inside: ["198.18.0.0", "198.19.255.255"],
    outside: ["198.17.255.255", "198.20.0.0"],
  },
  {
    name: "198.51.100/24",
    inside: ["198.51.100.0", "198.51.100.255"],
    outside: ["198.51.99.255", "198.51.101.0"],
  },
  {
    name: "203.0.113/24",
    inside: ["203.0.113.0", "203.0.113.255"],
    outside: ["203.0.112.255", "203.0.114.0"],
  },
  {
    name: "224/4 and 240/4",
    inside: ["224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255"],
    outside: ["223.255.255.255"],
  },
  {
    name: "outside 2000::/3",
    inside: ["[1fff:ffff::1]", "[4000::]", "[::2]", "[::2000:1]", "[1::]", "[8000::1]", "[ffff::]"],
    outside: ["[2000::]", "[2000:1::1]", "[3ffe:ffff::1]"],
  },
  {
    name: "2001::/23",
    inside: ["[2001::]", "[2001::1:0:0:1]", "[2001:0:1::]", "[2001:1ff:ffff::1]"],
    outside: ["[2000:ffff::1]", "[2001:200::]"],
  },
  {
    name: "2001:db8::/32",
    inside: ["[2001:db8::]", "[2001:db8:ffff::1]"],
    outside: ["[2001:db7:ffff::1]", "[2001:db9::]"],
  },
  {
    name: "2002::/16",
    inside: ["[2002::]", "[2002:ffff::1]"],
    outside: ["[2001:ffff::1]", "[2003::]"],
  },
  {
    name: "3fff::/20",
    inside: ["[3fff::]", "[3fff:fff::1]"],
    outside: ["[3ffe:ffff::2]", "[3fff:1000::]"],
  },
];

export const blockCases: readonly Case[] = blocks.flatMap(({ name, inside, outside }) => {
  const caseWithRule = (host: string, expected: string): Case => ({
    category: `block ${name}`,
    policy: { rules: [{ host }] },
    url: `https://${host}/`,
    method: "GET",
    headers: [],
    expected,
  });
  return [
    ...inside.map((host) => caseWithRule(host, "deny address")),
    ...outside.map((host) => caseWithRule(host, "allow 0")),
  ];
});
