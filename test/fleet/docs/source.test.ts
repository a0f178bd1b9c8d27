import path from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, text } from "./page.ts";
import { isNode, type Node, nodesIn, programOf, sources } from "./syntax.ts";

const linesOf = (file: string): number => text(file).trimEnd().split("\n").length;

test("no file is over 400 lines", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((file) => linesOf(file) > 400)).toEqual([]);
});

test.each(["producer/index.ts", "consumer/index.ts"])(
  "%s reads as the flow: under 80 lines",
  (file) => {
    expect(linesOf(file)).toBeLessThan(80);
  },
);

test("folders are named for what they hold", () => {
  const buckets = /\b(utils?|common|helpers?|types|misc)\b/;
  expect(sources.filter((file) => buckets.test(file.replace(/\.d\.ts$/, "")))).toEqual([]);
});

test("Dynamic Workers are created only in the sandbox", () => {
  // The bindings of tools name it to forbid it.
  const uses = sources.filter(
    (file) =>
      !/^consumer\/(sandbox\/|tools\/bindings\.ts$)/.test(file) &&
      /\bLOADER\b(?!: SealedLoader)/.test(text(file)),
  );
  expect(uses).toEqual([]);
  const makers = sources.filter((file) => /\bWorkerLoader\b(?!WorkerCode)/.test(text(file)));
  expect(makers).toEqual(["consumer/sandbox/dynamic_worker.ts"]);
});

/** Names of imports and of constants at the top of a module: nothing of a request can be in them. */
function constantsOf(program: Node): Set<string> {
  const names = new Set<string>();
  for (const statement of program.body as Node[]) {
    const inner = isNode(statement.declaration) ? statement.declaration : statement;
    for (const each of (inner.declarations ?? inner.specifiers ?? []) as Node[]) {
      const name = each.id ?? each.local;
      if (isNode(name) && (inner.kind ?? "const") === "const") names.add(String(name.name));
    }
  }
  return names;
}

/** The name at the root of `a.b.c`, or of `list.join(…)`. */
function rootOf(expression: Node): string {
  if (expression.type === "Identifier") return String(expression.name);
  const inner = expression.object ?? expression.callee;
  return isNode(inner) ? rootOf(inner) : expression.type;
}

const derived: Record<string, string[]> = {
  /** The model's own SELECT on a database that is not the fleet's, in parentheses, after select.ts. */
  "consumer/tools/with_bindings/query_d1.ts": ["limitedSql"],
  /** Constants of the store that the local runner passes to its own child process. */
  "producer/local/database.ts": ["sql"],
  /** Every call of this helper is checked below. */
  "shared/store/sql.ts": ["text"],
};

/** Which argument is the SQL, for `prepare` and for the calls of shared/store/sql.ts. */
const sqlArgument = new Map([
  ["prepare", 0],
  ["sql.statement", 1],
  ["sql.first", 2],
  ["sql.all", 2],
  ["sql.run", 2],
]);

/** The parts of an SQL expression that are not literal text. */
function partsOf(sql: Node): Node[] {
  if (sql.type === "Literal") return [];
  if (sql.type === "TemplateLiteral") return sql.expressions as Node[];
  if (sql.type !== "ConditionalExpression") return [sql];
  return [sql.consequent, sql.alternate].filter(isNode).flatMap(partsOf);
}

/** Names in the SQL of a file that are not constants. */
function foreignParts(file: string): string[] {
  const program = programOf(file);
  const constants = new Set([...constantsOf(program), ...(derived[file] ?? [])]);
  const problems: string[] = [];
  for (const node of nodesIn(program)) {
    const callee = node.type === "CallExpression" && isNode(node.callee) ? node.callee : null;
    const property = callee !== null && isNode(callee.property) ? callee.property : null;
    const method = String(property?.name);
    const object = callee !== null && isNode(callee.object) ? callee.object.name : undefined;
    const argumentIndex = sqlArgument.get(object === "sql" ? `sql.${method}` : method);
    const sql = argumentIndex === undefined ? undefined : (node.arguments as Node[])[argumentIndex];
    if (sql === undefined) continue;
    problems.push(
      ...partsOf(sql)
        .map(rootOf)
        .filter((name) => !constants.has(name)),
    );
  }
  return problems;
}

describe("SQL is text and constants; every value is bound", () => {
  // The sandbox has no database; its `prepare` makes programs ready.
  const stores = sources.filter(
    (file) =>
      !file.startsWith("consumer/sandbox/") &&
      /\.prepare\(|\bsql\.(statement|first|all|run)\b/.test(text(file)),
  );

  test("the stores are found", () => {
    expect(stores).toContain("shared/store/tasks/claims.ts");
  });

  test.each(stores)("%s", (file) => {
    expect(foreignParts(file)).toEqual([]);
  });
});

test("no file is left in the middle of a merge", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...filesBelow("docs", ".md")];
  const merging = /^(<{7}|>{7})( |$)/m;
  expect([...pages, ...sources].filter((file) => merging.test(text(file)))).toEqual([]);
});

describe("imports point one way", () => {
  /** Specifiers of static and dynamic imports of a file, as paths from the root. */
  const importsOf = (file: string): string[] =>
    [...text(file).matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map(([, to = ""]) =>
      path.join(path.dirname(file), to),
    );

  test("shared imports neither Worker", () => {
    const wrong = sources
      .filter((file) => file.startsWith("shared/"))
      .flatMap((file) => importsOf(file).filter((to) => /^(producer|consumer)\//.test(to)));
    expect(wrong).toEqual([]);
  });

  test("the producer imports the consumer's RPC, its build scripts and its replay, and nothing else", () => {
    const permitted = /^consumer\/(rpc\/|replay\/replay\.ts$|.*build\.ts$)/;
    const wrong = sources
      .filter((file) => file.startsWith("producer/"))
      .flatMap((file) =>
        importsOf(file).filter((to) => to.startsWith("consumer/") && !permitted.test(to)),
      );
    expect(wrong).toEqual([]);
  });

  test("the producer imports only types of the consumer's RPC", () => {
    const wrong = sources
      .filter((file) => file.startsWith("producer/"))
      .filter((file) => /^import (?!type)[^;]*consumer\/rpc\//m.test(text(file)));
    expect(wrong).toEqual([]);
  });
});
