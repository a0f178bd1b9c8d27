import { Type } from "@sinclair/typebox";
import { expect, test } from "vitest";
import type { ConsumerEnv } from "../../consumer/config/env.ts";
import { offersOf, toolsFor } from "../../consumer/tools/catalog.ts";
import { defineTool, done } from "../../consumer/tools/define.ts";

const env = {} as ConsumerEnv;
function runCodeOf(names?: string[]): string {
  const found = toolsFor(names, { tenant: "default", sandbox: "isolate" }, env);
  if (!found.ok) throw new Error(found.message);
  return offersOf(found.tools).find(({ name }) => name === "run_code")?.description ?? "";
}

test("run_code tells the type of each tool that a program can call", () => {
  const told = runCodeOf();
  expect(told).toContain(
    "read_file(input: { path: string; offset?: number; limit?: number }): Promise<string>",
  );
  expect(told).toContain("find_files(input: { glob: string }): Promise<string[]>");
  expect(told).toContain("list_files(input?: { path?: string }): Promise<string[]>");
  expect(told).toContain("Promise<{ path: string; line: number; text: string }[]>");
  expect(told).not.toContain("run_code(");
});

test("it tells of the task's own tools alone, and the same text every time", () => {
  const told = runCodeOf(["run_code", "read_file"]);
  expect(told).toContain("read_file(");
  expect(told).not.toContain("write_file(");
  expect(runCodeOf(["read_file", "run_code"])).toBe(told);
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
  ["a name that is no identifier", Type.Object({ "a-b": Type.Boolean() }), '{ "a-b": boolean }'],
])("%s has its type", async (_name, schema, expected) => {
  const { signatureOf } = await import("../../consumer/tools/signature.ts");
  const { offerOf } = await import("../../consumer/tools/catalog.ts");
  const tool = defineTool({
    name: "t",
    description: "d",
    input: Type.Object({ x: schema }),
    effect: "read",
    run: async () => done(""),
  });
  expect(signatureOf(tool, offerOf(tool).parameters)).toBe(
    `t(input: { x: ${expected} }): Promise<string>`,
  );
});
