/** Files as agents are given them: large, and not clean. The same seed makes the same bytes everywhere. */

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

const names = ["Ann", "bob", "Chloé", " Dan ", "Ёлка", "José", "李雷", "O'Brien", "Müller", "zoë"];
const cities = ["Oslo", "São Paulo", "new york", "NEW YORK", "Köln", "", "N/A", "東京", "Paris "];
const words =
  "the quick brown fox jumps over a lazy dog and runs — “home” at 5€ … café naïve 🙂".split(" ");

const pick = <Item>(random: Random, list: readonly Item[]): Item =>
  list[random(list.length)] as Item;
const two = (n: number): string => String(n).padStart(2, "0");
const isoDay = (random: Random): string =>
  `20${two(18 + random(8))}-${two(1 + random(12))}-${two(1 + random(28))}`;

function amount(random: Random): string {
  const value = random(1_000_000) / 100;
  return pick(random, [
    value.toFixed(2),
    `$${value.toLocaleString("en-US")}`,
    `${value.toFixed(2).replace(".", ",")} €`,
    ` ${value} `,
    "",
    "n/a",
    `-${value.toFixed(1)}`,
    `(${value.toFixed(2)})`,
  ]);
}

function day(random: Random): string {
  const iso = isoDay(random);
  const [year = "", month = "", date = ""] = iso.split("-");
  return pick(random, [
    iso,
    `${month}/${date}/${year}`,
    `${date}.${month}.${year}`,
    `${iso}T10:00:00Z`,
    "",
    "0000-00-00",
  ]);
}

const quoted = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
const sentence = (random: Random, length: number): string =>
  Array.from({ length }, () => pick(random, words)).join(pick(random, [" ", "  ", " ", "\t"]));

const lines: Record<string, { head: string; line: (random: Random, index: number) => string }> = {
  "sales.csv": {
    head: "\uFEFFid,name,city,amount,date,note\r\n",
    line: (random, index) => {
      const note = pick(random, ["", 'said "hi", left', "two\nlines", sentence(random, 4), "ok"]);
      const fields = [
        String(index),
        pick(random, names),
        pick(random, cities),
        amount(random),
        day(random),
        note,
      ];
      if (random(97) === 0) fields.pop();
      return fields.map(quoted).join(",") + pick(random, ["\r\n", "\r\n", "\n"]);
    },
  },
  "access.log": {
    head: "",
    line: (random) => {
      if (random(211) === 0) return `--- rotated ---\n`;
      const ip = `${10 + random(5)}.${random(256)}.${random(256)}.${random(256)}`;
      const path = pick(random, [
        "/",
        "/api/v1/users",
        "/a%20b?q=caf%C3%A9",
        "/img/x.png",
        "/%E0%A4%A",
        "/login",
      ]);
      const status = pick(random, ["200", "200", "200", "404", "500", "301", "-"]);
      const stamp = `${two(1 + random(28))}/Mar/2024:${two(random(24))}:${two(random(60))}:${two(random(60))} +0000`;
      return `${ip} - - [${stamp}] "GET ${path} HTTP/1.1" ${status} ${random(9) === 0 ? "-" : random(50_000)} "${pick(random, ["-", "http://a.b/c"])}"\n`;
    },
  },
  "events.jsonl": {
    head: "",
    line: (random, index) => {
      if (random(101) === 0) return `{"id": ${index}, "type": \n`;
      if (random(151) === 0) return "\n";
      const event = {
        id: index,
        type: pick(random, ["click", "view", "Purchase", "purchase", null]),
        user: {
          id: random(500),
          tags: Array.from({ length: random(4) }, () => pick(random, ["a", "b", "ü", ""])),
        },
        value: pick(random, [random(1e6) / 7, "12.5", null, -0.1, 1e21]),
        at: `${isoDay(random)}T${two(random(24))}:${two(random(60))}:00.${random(10)}00Z`,
      };
      return `${JSON.stringify(event)}\n`;
    },
  },
  "page.html": {
    head: "<!doctype html><html><body><h1>R&eacute;port &amp; more</h1><table>\n",
    line: (random, index) =>
      `<tr class=${pick(random, ["odd", "'even'", '"x y"'])}><td>${index}<td>${pick(random, names)}</td><td><a href="/p/${random(99)}?a=1&amp;b=2">${sentence(random, 2)}</a>${pick(random, ["</td>", "", "<br/>"])}<td>${amount(random).replace("€", "&euro;")}</tr>\n`,
  },
  "notes.txt": {
    head: "Notes\r\n=====\r\n\r\n",
    line: (random) =>
      `${pick(random, ["- ", "* ", "1. ", "", "# ", "> "])}${sentence(random, 3 + random(12))}${pick(random, ["", ".", "!", " #tag", " @bob", " http://x.y/z?q=1.", " a.b@c.org"])}${pick(random, ["\n", "\n\n", "\r\n", "   \n"])}`,
  },
  "data.tsv": {
    head: "key\tvalue\tgroup\n",
    line: (random) =>
      `k${random(5000)}\t${pick(random, [String(random(1e9)), "NaN", "1e3", "0x1f", " 7 ", "1_000", ""])}\t${pick(random, ["A", "B", "b", "C", ""])}\n`,
  },
  "config.ini": {
    head: "; settings\n",
    line: (random, index) =>
      random(12) === 0
        ? `[section ${index}]\n`
        : `${pick(random, ["name", "Path", "debug", "max size"])}${random(50)} ${pick(random, ["=", ":", " = "])} ${pick(random, ["true", "off", "12", "'quoted ; text'", "a=b", ""])}${pick(random, ["", " ; note", "  # note"])}\n`,
  },
  "words.txt": {
    head: "",
    line: (random) =>
      `${pick(random, words)}${random(2000)}${pick(random, ["", "é", "É", "-x", "_Y"])}\n`,
  },
};

/** A file of the given name and of about this many characters. */
export function makeInput(name: string, chars: number): string {
  const kind = lines[name];
  if (kind === undefined) throw new Error(`There is no input ${name}.`);
  const random = randomFrom(name.length * 7919 + chars);
  const parts = [kind.head];
  let length = kind.head.length;
  for (let index = 1; length < chars; index += 1) {
    const line = kind.line(random, index);
    parts.push(line);
    length += line.length;
  }
  return parts.join("");
}
