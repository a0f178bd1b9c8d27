/**
 * Breaks the decision in small ways, one at a time, and asks whether the conformance
 * table notices: `node test/conformance/egress/mutate.ts`. It exits 1 when a mutant
 * survives that is not known to be harmless.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyNode, parse } from "acorn";
import type * as addressModule from "../../../policies/address.ts";
import type * as decideModule from "../../../policies/decide.ts";
import * as intactHost from "../../../policies/host.ts";
import type * as pathModule from "../../../policies/path.ts";
import { readPolicy } from "../../../policies/policy.ts";
import { patterns } from "./patterns.ts";
import { policies } from "./policies.ts";
import { type Case, cases, localCases } from "./table.ts";

const folder = path.join(import.meta.dirname, "../../../policies");
const files = ["address.ts", "decide.ts", "host.ts", "path.ts"] as const;

interface Mutant {
  file: string;
  line: number;
  before: string;
  after: string;
  source: string;
}

const opposite: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<="],
  ">": [">="],
  "<=": ["<"],
  ">=": [">", "<"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "|": ["&"],
  "<<": [">>>"],
  ">>>": ["<<"],
};

/** The methods whose neighbours are plausible slips. */
const neighbours: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
  includes: "startsWith",
};

/** What may stand in place of one node: text replacing the node's own. */
function replacements(node: AnyNode, text: (part: AnyNode) => string): string[] {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression": {
      const swapped = (opposite[node.operator] ?? []).map(
        (operator) => `${text(node.left)} ${operator} ${text(node.right)}`,
      );
      return node.type === "LogicalExpression"
        ? [...swapped, text(node.left), text(node.right)]
        : swapped;
    }
    case "UnaryExpression":
      return node.operator === "!" ? [text(node.argument)] : [];
    case "ConditionalExpression":
      return [text(node.consequent), text(node.alternate)];
    case "IfStatement":
      return [`if (true) ${text(node.consequent)}`, ...(node.alternate === null ? [";"] : [])];
    case "CallExpression": {
      const { callee } = node;
      if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return [];
      const other = neighbours[callee.property.name];
      const rest = text(node).slice(callee.property.end - node.start);
      return other === undefined ? [] : [`${text(callee.object)}.${other}${rest}`];
    }
    case "Literal":
      if (typeof node.value === "number") return [`${node.value + 1}`, `${node.value - 1}`];
      if (typeof node.value === "boolean") return [`${!node.value}`];
      // Sentences are advice, not decisions.
      if (typeof node.value === "string" && !node.value.includes(" ")) {
        return node.value === "" ? ['"x"'] : ['""'];
      }
      return "regex" in node && node.regex ? regexReplacements(node.regex) : [];
    default:
      return [];
  }
}

/** A pattern without one of its anchors, flags or alternatives. */
function regexReplacements({ pattern, flags }: { pattern: string; flags: string }): string[] {
  const alternatives = pattern.split("|");
  return [
    ...(pattern.startsWith("^") ? [`/${pattern.slice(1)}/${flags}`] : []),
    ...(pattern.endsWith("$") ? [`/${pattern.slice(0, -1)}/${flags}`] : []),
    ...(flags === "" ? [] : [`/${pattern}/`]),
    ...(alternatives.length < 3
      ? []
      : alternatives.map(
          (gone) => `/${alternatives.filter((one) => one !== gone).join("|")}/${flags}`,
        )),
  ];
}

function mutantsOf(file: string, source: string): Mutant[] {
  const mutants: Mutant[] = [];
  const text = (part: AnyNode) => source.slice(part.start, part.end);
  const visit = (node: AnyNode): void => {
    if (node.type === "ImportDeclaration") return;
    for (const after of replacements(node, text)) {
      mutants.push({
        file,
        line: source.slice(0, node.start).split("\n").length,
        before: text(node).replace(/\s+/g, " "),
        after: after.replace(/\s+/g, " "),
        source: `${source.slice(0, node.start)}${after}${source.slice(node.end)}`,
      });
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child !== null && typeof child === "object" && "type" in child) visit(child as AnyNode);
      }
    }
  };
  visit(parse(source, { ecmaVersion: "latest", sourceType: "module" }));
  return mutants.filter(({ source: changed }) => parses(changed));
}

function parses(source: string): boolean {
  try {
    parse(source, { ecmaVersion: "latest", sourceType: "module" });
    return true;
  } catch {
    return false;
  }
}

const read = cases.map((one) => prepared(one));
const readLocal = localCases.map((one) => prepared(one));

function prepared(one: Case) {
  const parsed = readPolicy(typeof one.policy === "string" ? policies[one.policy] : one.policy);
  return { one, policy: parsed.ok ? parsed.policy : null };
}

interface Version {
  address: typeof addressModule;
  decide: typeof decideModule;
  host: typeof intactHost;
  path: typeof pathModule;
}

/** What `compile` must keep of a policy for the gateway. */
const kept = {
  injectedHeaders: ["x-key"],
  limits: { requests: 7 },
  rules: [
    { inject: { header: "x-key", secret: "KEY" }, route: "INNER" },
    { inject: null, route: null },
  ],
};
const keeping = readPolicy({
  limits: kept.limits,
  rules: [{ host: "a.example", ...kept.rules[0] }, { host: "b.example" }],
});
const bare = readPolicy({ rules: [] });

/** Whether one version still does for every case as the tables say. */
function passes({ address, decide, host, path: paths }: Version): boolean {
  const agrees = (decideOne: typeof decide.decide, list: typeof read) =>
    list.every(({ one, policy }) => {
      const made = decideOne(policy === null ? null : decide.compile(policy), one);
      if (`${made.action} ${made.rule ?? made.reason}` !== one.expected) return false;
      if (made.action === "deny") return true;
      const sent = `${made.reason} ${made.method} ${made.url.href}`;
      return sent === `rule ${one.method.toUpperCase()} ${new URL(one.url).href}`;
    });
  if (!keeping.ok || !bare.ok) throw new Error("the policies are valid");
  const { injectedHeaders, limits, rules } = decide.compile(keeping.policy);
  const brief = rules.map(({ inject, route }) => ({ inject, route }));
  return (
    agrees(decide.decide, read) &&
    agrees(decide.decideLocally, readLocal) &&
    // The advice counts too: which mend is told is decided by the same lines.
    patterns.every(
      ([pattern, valid]) =>
        (host.hostProblem(pattern) === null) === valid &&
        host.hostProblem(pattern) === intactHost.hostProblem(pattern),
    ) &&
    ["1.0.0.0", "[2000::]"].every((one) => address.classifyAddress(one) === "public") &&
    ["/a/../b", "/a b", "/%2f", "//", "/a?", "@x:y/"].every(paths.isDeadPrefix) &&
    ["/", "/a/b", "/a%20b"].every((prefix) => !paths.isDeadPrefix(prefix)) &&
    JSON.stringify({ injectedHeaders, limits, rules: brief }) === JSON.stringify(kept) &&
    JSON.stringify(decide.compile(bare.policy)) ===
      '{"rules":[],"injectedHeaders":[],"limits":{},"localDevelopment":false}'
  );
}

/** Runs one version of the four files, each in a folder of its own. */
async function survives(sources: ReadonlyMap<string, string>): Promise<boolean> {
  const at = await mkdtemp(path.join(tmpdir(), "mutant-"));
  try {
    for (const [file, source] of sources) await writeFile(path.join(at, file), source);
    const load = (file: string) => import(pathToFileURL(path.join(at, file)).href);
    const version: Version = {
      address: await load("address.ts"),
      decide: await load("decide.ts"),
      host: await load("host.ts"),
      path: await load("path.ts"),
    };
    return passes(version);
  } catch {
    return false;
  } finally {
    await rm(at, { recursive: true });
  }
}

/** Survivors that decide alike for every request, with the reason. */
const harmless: readonly { file: string; before: string; after: string; because: string }[] = [
  {
    file: "address.ts",
    before: '"0.0.0.0"',
    after: '""',
    because: "an empty text reads as zero, the same block",
  },
  {
    file: "address.ts",
    before: "/^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/",
    after: "/\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/",
    because: "the URL parser refuses names that end in a number",
  },
  {
    file: "address.ts",
    before: "1",
    after: "2",
    because: "the last character of an address lies behind its first 32 bits",
  },
  {
    file: "decide.ts",
    before: "rule.port ?? null",
    after: "rule.port",
    because: "the comparison takes null and undefined alike",
  },
];

const originals = new Map<string, string>();
for (const file of files) {
  originals.set(file, stripTypeScriptTypes(await readFile(path.join(folder, file), "utf8")));
}
if (!(await survives(originals))) throw new Error("the table does not pass before any mutation");

const mutants = [...originals].flatMap(([file, source]) => mutantsOf(file, source));
let killed = 0;
let excused = 0;
for (const mutant of mutants) {
  if (!(await survives(new Map([...originals, [mutant.file, mutant.source]])))) {
    killed += 1;
    continue;
  }
  const known = harmless.find(
    ({ file, before, after }) =>
      file === mutant.file && before === mutant.before && after === mutant.after,
  );
  const where = `${mutant.file}:${mutant.line} ${mutant.before} -> ${mutant.after}`;
  if (known === undefined) {
    console.log(`survived  ${where}`);
    process.exitCode = 1;
  } else {
    excused += 1;
    console.log(`harmless  ${where} (${known.because})`);
  }
}
const left = mutants.length - killed - excused;
console.log(`${mutants.length} mutants: ${killed} killed, ${excused} harmless, ${left} survived`);
