/** Work of ordinary size fits into the default limits. Fuel is asserted and not time: it is the same everywhere. */
import { expect, test } from "vitest";
import { sandboxLimits } from "../../../shared/limits.ts";
import { run } from "../running.ts";

const text = `const words = ["alpha", "Beta", "gamma,delta", '"x y"', "42", "3.14", "\\n"];
let part = ""; for (let i = 0; i < 20000; i++) part += words[i % 7] + " ";
const text = part.repeat(Math.ceil(5e6 / part.length)).slice(0, 5e6);`;
const names = (name: string): string =>
  `Array.from({ length: 100000 }, (_, i) => "${name} " + ((i * 7919) % 100003) + (i % 3 ? " Smith" : " jones"))`;
const fileOf8Mb = "id,name,value,some more text in the line,and,more\n"
  .repeat(163_000)
  .slice(0, 8e6);

const fitting: [work: string, code: string, value: string, files?: Record<string, string>][] = [
  ["a replacement of 5 MB", `${text} text.replace(/\\s+/g, " ").length`, "4743604"],
  ["the matches of 5 MB", `${text} text.match(/\\w+/g).length`, "1153829"],
  [
    "splits and joins of 5 MB",
    `${text} text.split("\\n").map((l) => l.split(",").join(";")).join("\\n").length`,
    "5000000",
  ],
  ["the characters of 5 MB", `${text} [...text].length + text.split("").length`, "10000000"],
  [
    "JSON of 5 MB",
    'JSON.parse(JSON.stringify(Array.from({ length: 50000 }, (_, i) => ({ id: i, name: "item " + i, tags: ["a", "b"], v: i * 1.5, w: "lorem ipsum dolor sit amet consect" })))).length',
    "50000",
  ],
  [
    "100,000 names by localeCompare",
    `${names("Name")}.sort((a, b) => a.localeCompare(b))[5]`,
    "Name 10000 Smith",
  ],
  [
    "100,000 names by a Collator",
    `${names("Náme")}.sort(new Intl.Collator().compare)[5]`,
    "Náme 10000 Smith",
  ],
  [
    "100,000 dates and numbers",
    'let n = 0; for (let i = 0; i < 100000; i++) n += new Date(i * 864e5).toLocaleDateString("en-US", { month: "short", day: "numeric" }).length + (i * 1.5).toLocaleString().length; n',
    "1295684",
  ],
  [
    "a breadth-first search over 1,000,000 places",
    "const W = 1000, seen = new Uint8Array(W * W), q = [0]; seen[0] = 1; let n = 0; const visit = (c) => { if (!seen[c]) { seen[c] = 1; q.push(c); } }; while (q.length) { const c = q.shift(), x = c % W; n++; if (x) visit(c - 1); if (x < W - 1) visit(c + 1); if (c >= W) visit(c - W); if (c < W * (W - 1)) visit(c + W); } n",
    "1000000",
  ],
  [
    "a queue of 100,000",
    "const q = Array.from({ length: 1e5 }, (_, i) => i); let s = 0; while (q.length) s += q.shift(); s",
    "4999950000",
  ],
  [
    "a file of 8 MB as text",
    "fs.readFileSync('b.csv', 'utf8').split('\\n').length",
    "160001",
    { "b.csv": fileOf8Mb },
  ],
  [
    "a file of 8 MB line by line",
    "let n = 0; for await (const line of require('readline').createInterface({ input: fs.createReadStream('b.csv') })) n += line.length > 0; n",
    "160000",
    { "b.csv": fileOf8Mb },
  ],
  [
    "writing a file of 8 MB",
    "fs.writeFileSync('o', 'x'.repeat(7_999_999)); fs.statSync('o').size",
    "7999999",
  ],
  [
    "a list of 100,000 as arguments",
    "Math.max(...Array.from({ length: 100000 }, (_, i) => i))",
    "99999",
  ],
  ["5,000 calls in each other", "const f = (n) => (n === 0 ? 0 : 1 + f(n - 1)); f(5000)", "5000"],
  [
    "a tree of 2,500 levels, walked by callbacks, which is 5,000 calls",
    "let tree = []; for (let n = 1; n < 2500; n++) tree = [tree]; const depth = (node) => { let most = 0; node.forEach((child) => { most = Math.max(most, depth(child)); }); return most + 1; }; depth(tree)",
    "2500",
  ],
  [
    "5,000 async calls in each other",
    "const f = async (n) => (n === 0 ? 0 : 1 + (await f(n - 1))); await f(5000)",
    "5000",
  ],
];

test.each(fitting)("%s fits", async (_work, code, value, files = {}) => {
  const outcome = await run(code, { files, limits: { wallMs: 60_000 } });
  expect(outcome.error).toBeNull();
  expect(outcome.value).toBe(value);
  expect(outcome.usage.fuel).toBeLessThan(sandboxLimits.fuelMax);
});

test("a program that does not fit next to others waits for room", async () => {
  const calls: string[] = [];
  const runCalling = (code: string, onCall: (tool: string) => void) => {
    const call = async (tool: string) => {
      onCall(tool);
      return { ok: true as const, json: "1" };
    };
    return run(code, { tools: ["first", "second"], capabilities: { call } });
  };
  let second: ReturnType<typeof run> | undefined;
  // The second program starts once the first holds its memory, and has 50 round trips to get ahead of it.
  const first = await runCalling(
    "const a = new Uint8Array(40e6).fill(1); for (let i = 0; i < 50; i++) await first({}); a.length",
    (tool) => {
      calls.push(tool);
      second ??= runCalling("await second({}); new Uint8Array(40e6).length", (tool) => {
        calls.push(tool);
      });
    },
  );
  expect(first.value).toBe("40000000");
  expect((await second)?.value).toBe("40000000");
  expect(calls).toEqual([...Array.from({ length: 50 }, () => "first"), "second"]);
});
