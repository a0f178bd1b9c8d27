import { Type } from "@sinclair/typebox";
import { expect, test } from "vitest";
import type { ConsumerEnv } from "../../consumer/config/env.ts";
import { offersOf, selectTools } from "../../consumer/tools/catalog.ts";
import { defineTool, toolResult } from "../../consumer/tools/define.ts";

const env = {} as ConsumerEnv;
function runCodeOf(names?: string[]): string {
  const tools = selectTools(names, { tenant: "default", sandbox: "isolate" }, env);
  if (!tools.ok) throw new Error(tools.error);
  return offersOf(tools.value).find(({ name }) => name === "run_code")?.description ?? "";
}

test("the description of `run_code` has the signature of each tool that a program can call", () => {
  const description = runCodeOf();
  expect(description).toContain(
    "read_file(input: { path: string; offset?: number; limit?: number }): Promise<string>",
  );
  expect(description).toContain("find_files(input: { glob: string }): Promise<string[]>");
  expect(description).toContain("list_files(input?: { path?: string }): Promise<string[]>");
  expect(description).toContain("Promise<{ path: string; line: number; text: string }[]>");
  expect(description).not.toContain("run_code(");
});

test("the description of `run_code` has only the task's tools and is the same every time", () => {
  const description = runCodeOf(["run_code", "read_file"]);
  expect(description).toContain("read_file(");
  expect(description).not.toContain("write_file(");
  expect(runCodeOf(["read_file", "run_code"])).toBe(description);
  expect(runCodeOf(["run_code"])).not.toContain("must await");
});

test.each([
  ["a choice", Type.Union([Type.Literal("a"), Type.Literal("b")]), '"a" | "b"'],
  [
    "a list of choices",
    Type.Array(Type.Union([Type.String(), Type.Number()])),
    "(string | number)[]",
  ],
  ["anything", Type.Unknown(), "unknown"],
  [
    "a name that is not an identifier",
    Type.Object({ "a-b": Type.Boolean() }),
    '{ "a-b": boolean }',
  ],
])("the signature has the type of %s", async (_name, schema, expected) => {
  const { signatureOf } = await import("../../consumer/tools/signature.ts");
  const { offerOf } = await import("../../consumer/tools/catalog.ts");
  const tool = defineTool({
    name: "t",
    description: "d",
    input: Type.Object({ x: schema }),
    effect: "read",
    run: async () => toolResult(""),
  });
  expect(signatureOf(tool, offerOf(tool).parameters)).toBe(
    `t(input: { x: ${expected} }): Promise<string>`,
  );
});
