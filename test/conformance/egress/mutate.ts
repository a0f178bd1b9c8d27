/**
 * Mutation test of the decision: `node test/conformance/egress/mutate.ts` changes one expression at a time and
 * checks that the conformance table fails. It exits 1 when a mutant survives that is not known to be equivalent.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
import type { Case } from "./case.ts";
import { patterns } from "./patterns.ts";
import { policies } from "./policies.ts";
import { cases, localCases } from "./table.ts";

const folder = path.join(import.meta.dirname, "../../../policies");
const files = ["address.ts", "decide.ts", "host.ts", "path.ts"] as const;

interface Mutant {
  file: string;
  line: number;
  before: string;
  after: string;
  source: string;
}

const otherOperators: Readonly<Record<string, readonly string[]>> = {
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

/** Methods that are easily confused. */
const otherMethods: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
  includes: "startsWith",
};

/** Replacements for the text of one node. */
function replacements(node: AnyNode, text: (part: AnyNode) => string): string[] {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression": {
      const swapped = (otherOperators[node.operator] ?? []).map(
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
      const other = otherMethods[callee.property.name];
      const rest = text(node).slice(callee.property.end - node.start);
      return other === undefined ? [] : [`${text(callee.object)}.${other}${rest}`];
    }
    case "Literal":
      if (typeof node.value === "number") return [`${node.value + 1}`, `${node.value - 1}`];
      if (typeof node.value === "boolean") return [`${!node.value}`];
      // Sentences are error messages, which decide nothing.
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
          (removed) => `/${alternatives.filter((each) => each !== removed).join("|")}/${flags}`,
        )),
  ];
}

function mutantsOf(file: string, source: string): Mutant[] {
  const mutants: Mutant[] = [];
  const text = (part: AnyNode) => source.slice(part.start, part.end);
  const visit = (node: AnyNode): void => {
    if (node.type === "ImportDeclaration") return;
    for (const replacement of replacements(node, text)) {
      mutants.push({
        file,
        line: source.slice(0, node.start).split("\n").length,
        before: text(node).replace(/\s+/g, " "),
        after: replacement.replace(/\s+/g, " "),
        source: `${source.slice(0, node.start)}${replacement}${source.slice(node.end)}`,
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

const preparedCases = cases.map(prepareCase);
const preparedLocalCases = localCases.map(prepareCase);

function prepareCase(each: Case) {
  const parsed = readPolicy(typeof each.policy === "string" ? policies[each.policy] : each.policy);
  return { each, policy: parsed.ok ? parsed.value.policy : null };
}

interface Version {
  address: typeof addressModule;
  decide: typeof decideModule;
  host: typeof intactHost;
  path: typeof pathModule;
}

/** Fields that `compile` must pass on to the gateway. */
const compiledFields = {
  injectedHeaders: ["x-key"],
  limits: { requests: 7 },
  rules: [
    { inject: { header: "x-key", secret: "KEY" }, route: "INNER" },
    { inject: null, route: null },
  ],
};
const withFields = readPolicy({
  limits: compiledFields.limits,
  rules: [{ host: "a.example", ...compiledFields.rules[0] }, { host: "b.example" }],
});
const withoutRules = readPolicy({ rules: [] });

/** Whether one version decides every case as the tables expect. */
function passes({ address, decide, host, path: paths }: Version): boolean {
  const agrees = (decideCase: typeof decide.decide, list: typeof preparedCases) =>
    list.every(({ each, policy }) => {
      const decision = decideCase(policy === null ? null : decide.compile(policy), each);
      if (`${decision.action} ${decision.rule ?? decision.reason}` !== each.expected) return false;
      if (decision.action === "deny") return true;
      const sent = `${decision.reason} ${decision.method} ${decision.url.href}`;
      return sent === `rule ${each.method.toUpperCase()} ${new URL(each.url).href}`;
    });
  if (!withFields.ok || !withoutRules.ok) throw new Error("the policies are valid");
  const { injectedHeaders, limits, rules } = decide.compile(withFields.value.policy);
  const ruleFields = rules.map(({ inject, route }) => ({ inject, route }));
  return (
    agrees(decide.decide, preparedCases) &&
    agrees(decide.decideLocally, preparedLocalCases) &&
    // The messages are compared too.
    patterns.every(
      ([pattern, valid]) =>
        host.checkHost(pattern).ok === valid &&
        JSON.stringify(host.checkHost(pattern)) === JSON.stringify(intactHost.checkHost(pattern)),
    ) &&
    ["1.0.0.0", "[2000::]"].every((each) => address.classifyAddress(each) === "public") &&
    ["/a/../b", "/a b", "/%2f", "//", "/a?", "@x:y/"].every(paths.isDeadPrefix) &&
    ["/", "/a/b", "/a%20b"].every((prefix) => !paths.isDeadPrefix(prefix)) &&
    JSON.stringify({ injectedHeaders, limits, rules: ruleFields }) ===
      JSON.stringify(compiledFields) &&
    JSON.stringify(decide.compile(withoutRules.value.policy)) ===
      '{"rules":[],"injectedHeaders":[],"limits":{},"localDevelopment":false}'
  );
}

/** Whether one version of the four files passes, loaded from its own folder. */
async function survives(sources: ReadonlyMap<string, string>): Promise<boolean> {
  const mutantFolder = await mkdtemp(path.join(tmpdir(), "mutant-"));
  try {
    await mkdir(path.join(mutantFolder, "policies"));
    await mkdir(path.join(mutantFolder, "shared"));
    await copyFile(
      path.join(folder, "../shared/result.ts"),
      path.join(mutantFolder, "shared/result.ts"),
    );
    for (const [file, source] of sources)
      await writeFile(path.join(mutantFolder, "policies", file), source);
    const load = (file: string) =>
      import(pathToFileURL(path.join(mutantFolder, "policies", file)).href);
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
    await rm(mutantFolder, { recursive: true });
  }
}

/** Mutants that decide every request like the original, with the reason. */
const equivalent: readonly { file: string; before: string; after: string; reason: string }[] = [
  {
    file: "address.ts",
    before: '"0.0.0.0"',
    after: '""',
    reason: "an empty text reads as zero, the same block",
  },
  {
    file: "address.ts",
    before: "/^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/",
    after: "/\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/",
    reason: "the URL parser rejects names that end in a number",
  },
  {
    file: "address.ts",
    before: "1",
    after: "2",
    reason: "the last character of an address is after its first 32 bits",
  },
  {
    file: "decide.ts",
    before: "rule.port ?? null",
    after: "rule.port",
    reason: "the comparison treats null and undefined the same",
  },
];

const originals = new Map<string, string>();
for (const file of files) {
  originals.set(file, stripTypeScriptTypes(await readFile(path.join(folder, file), "utf8")));
}
if (!(await survives(originals))) throw new Error("the table fails without a mutation");

const mutants = [...originals].flatMap(([file, source]) => mutantsOf(file, source));
let killedMutants = 0;
let excusedMutants = 0;
for (const mutant of mutants) {
  if (!(await survives(new Map([...originals, [mutant.file, mutant.source]])))) {
    killedMutants += 1;
    continue;
  }
  const equivalence = equivalent.find(
    ({ file, before, after }) =>
      file === mutant.file && before === mutant.before && after === mutant.after,
  );
  const where = `${mutant.file}:${mutant.line} ${mutant.before} -> ${mutant.after}`;
  if (equivalence === undefined) {
    console.log(`survived  ${where}`);
    process.exitCode = 1;
  } else {
    excusedMutants += 1;
    console.log(`equivalent  ${where} (${equivalence.reason})`);
  }
}
const remaining = mutants.length - killedMutants - excusedMutants;
console.log(
  `${mutants.length} mutants: ${killedMutants} killed, ${excusedMutants} equivalent, ${remaining} survived`,
);
