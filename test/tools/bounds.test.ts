/** Each bound of the tools at its last accepted value and at the next one. */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { expect, test } from "vitest";
import { catalog } from "../../consumer/tools/catalog.ts";
import { defineTool, toolResult } from "../../consumer/tools/define.ts";
import { openPage } from "../../consumer/tools/with_bindings/page.ts";
import { mayReceive } from "../../consumer/tools/with_bindings/recipients.ts";
import { runModel } from "../../consumer/tools/with_bindings/workers_ai.ts";
import {
  bashLimits,
  egressLimits,
  modelLimits,
  toolLimits,
  workspaceLimits,
} from "../../shared/limits.ts";

function toolOf(name: string) {
  const tool = catalog.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool;
}

/** Whether the tool's schema accepts this input. */
const accepts = (name: string, input: object): boolean => Value.Check(toolOf(name).input, input);

/** The text of a tool over a workspace of these files. */
async function textOf(name: string, input: object, files: Record<string, string>) {
  const workspace = {
    paths: () => Object.keys(files),
    read: async (path: string) =>
      files[path] === undefined ? null : new TextEncoder().encode(files[path]),
  };
  return (await toolOf(name).run(input as never, { files: workspace } as never)).text;
}

function isToolName(name: string): boolean {
  try {
    const run = async () => toolResult("");
    defineTool({ name, description: "d", input: Type.Object({}), effect: "read", run });
    return true;
  } catch {
    return false;
  }
}

async function queryRows(rows: object[]): Promise<string> {
  const statement = { bind: () => statement, all: async () => ({ results: rows }) };
  const bindings = { QUERY_DB: { prepare: () => statement } };
  return (await toolOf("query_d1").run({ sql: "SELECT 1" } as never, { bindings } as never)).text;
}

/** Whether a page that is reached by so many redirects is shown. */
async function isShown(redirects: number): Promise<boolean> {
  const url = "https://site.example/";
  const redirectChain = Array.from({ length: redirects }, () => ({ url }));
  const page = { success: true, result: "text", meta: { finalUrl: url, redirectChain } };
  const body = new TextEncoder().encode(JSON.stringify(page));
  const fetchBy = async () => ({ status: 200, statusText: "", headers: [], body }) as never;
  return (await openPage(url, { fetchBy }, async () => new Response())).ok;
}

async function isRead(bytes: number): Promise<boolean> {
  const ai = { run: async () => new Response(new Uint8Array(bytes)) };
  const task = { taskId: "t", signal: new AbortController().signal };
  return (await runModel(ai, "m", {}, task)).ok;
}

const x = (length: number): string => "x".repeat(length);
const mail = { to: "a@b.example", subject: "s", text: "t" };
const names = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, ""]));

test.each<[string, number, (n: number) => boolean | Promise<boolean>]>([
  ["the characters of a tool name", 63, (n) => isToolName(x(n))],
  [
    "the characters of an image prompt",
    toolLimits.imagePromptCharsMax,
    (n) => accepts("generate_image", { prompt: x(n), path: "p" }),
  ],
  ["the characters of a query", toolLimits.sqlCharsMax, (n) => accepts("query_d1", { sql: x(n) })],
  [
    "the parameters of a query",
    toolLimits.sqlParametersMax,
    (n) => accepts("query_d1", { sql: "s", parameters: Array(n).fill(1) }),
  ],
  [
    "the rows of a query",
    toolLimits.sqlRowsMax,
    async (n) => !(await queryRows(Array(n).fill({}))).includes("more exist"),
  ],
  [
    "the characters of a row",
    modelLimits.toolOutputCharsMax - toolLimits.sqlNoteChars - 1,
    async (n) => (await queryRows([{ a: x(n - 8) }])).startsWith("{"),
  ],
  [
    "the characters of a vector query",
    toolLimits.vectorQueryCharsMax,
    (n) => accepts("search_vectors", { query: x(n) }),
  ],
  [
    "the matches of a vector query",
    toolLimits.vectorMatchesMax,
    (n) => accepts("search_vectors", { query: "q", count: n }),
  ],
  [
    "the characters of a recipient",
    toolLimits.addressCharsMax,
    (n) => accepts("send_email", { ...mail, to: x(n) }),
  ],
  [
    "the characters of a recipient's local part",
    64,
    (n) => mayReceive(`${x(n)}@b.example`, "*@b.example"),
  ],
  [
    "the characters of a subject",
    toolLimits.subjectCharsMax,
    (n) => accepts("send_email", { ...mail, subject: x(n) }),
  ],
  [
    "the characters of a mail",
    toolLimits.mailCharsMax,
    (n) => accepts("send_email", { ...mail, text: x(n) }),
  ],
  [
    "the characters of a script",
    bashLimits.scriptCharsMax,
    (n) => accepts("run_bash", { script: x(n) }),
  ],
  [
    "the characters of a glob",
    workspaceLimits.pathCharsMax,
    (n) => accepts("find_files", { glob: x(n) }),
  ],
  [
    "the characters of a pattern",
    workspaceLimits.patternCharsMax,
    (n) => accepts("grep_files", { pattern: x(n) }),
  ],
  ["the redirects of a page", egressLimits.redirectsMax, isShown],
  ["the bytes of a model's output", toolLimits.aiAnswerBytesMax, isRead],
  [
    "the lines that are read at once",
    workspaceLimits.readLinesMax,
    async (n) =>
      !(await textOf("read_file", { path: "f" }, { f: "a\n".repeat(n) })).includes("follow"),
  ],
  [
    "the characters that are read at once",
    workspaceLimits.readCharsMax,
    async (n) =>
      !(await textOf("read_file", { path: "f" }, { f: x(n - 2) })).includes("more characters"),
  ],
  [
    "the characters of a listing",
    workspaceLimits.readCharsMax,
    async (n) => !(await textOf("list_files", {}, { [x(n - 1)]: "" })).includes("more files"),
  ],
  [
    "the files named in an error",
    workspaceLimits.namesShownMax,
    async (n) => !(await textOf("read_file", { path: "missing" }, names(n))).includes("…"),
  ],
])("the bound on %s is exact", async (_name, max, isAccepted) => {
  expect([await isAccepted(max), await isAccepted(max + 1)]).toEqual([true, false]);
});
