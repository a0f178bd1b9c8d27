import { Type } from "@sinclair/typebox";
import { describe, expect, test } from "vitest";
import {
  type BindingName,
  bindingsOf,
  checkBindings,
  checkTenant,
} from "../../consumer/tools/bindings.ts";
import { catalog } from "../../consumer/tools/catalog.ts";
import { defineTool, toolResult } from "../../consumer/tools/define.ts";
import { customToolNames } from "../../shared/task/custom_tools.ts";
import { bindingTools, standardTools } from "../../shared/task/task.ts";

const toolWith = (name: string, bindings: string[] = []) =>
  defineTool({
    name,
    description: "d",
    input: Type.Object({}),
    effect: "read",
    bindings: bindings as BindingName[],
    run: async () => toolResult("x"),
  });

describe("an invalid tool name is rejected", () => {
  test.each(["", "A", "has space", "a__b", "x-y", "a".repeat(64), "final answer", "\u0430bc"])(
    "%j",
    (name) => expect(() => toolWith(name)).toThrow("not a tool name"),
  );
});

describe("a reserved binding is rejected", () => {
  test.each([
    ...["DB", "OBJECTS", "TASKS", "TASKS_LOW", "GOVERNOR", "LOADER", "SANDBOX"],
    ...["SECRET_ORDERS", "FLEET_API_KEY", "FLEET_HOSTS", "MODEL_API_KEY", "MODEL"],
  ])("%s", (name) => {
    expect(() => toolWith("mine", [name])).toThrow("reserves it");
  });
});

test("a tool gets only the bindings that it declared, frozen", () => {
  const env = { EMAIL_TO: "a@b.example", EMAIL_FROM: "", DB: 1, SECRET_X: "s" };
  const bindings = bindingsOf(toolWith("mine", ["EMAIL_TO"]), env);
  expect({ ...bindings }).toEqual({ EMAIL_TO: "a@b.example" });
  expect(Object.getPrototypeOf(bindings)).toBeNull();
  expect(Object.isFrozen(bindings)).toBe(true);
});

test("a variable that is not set has its default", () => {
  const tool = { ...toolWith("mine", ["VECTORS_MODEL"]), defaults: { VECTORS_MODEL: "m" } };
  expect(checkBindings(tool, {}).ok).toBe(true);
  expect(bindingsOf(tool, { VECTORS_MODEL: "" }).VECTORS_MODEL).toBe("m");
  expect(bindingsOf(tool, { VECTORS_MODEL: "n" }).VECTORS_MODEL).toBe("n");
});

describe("a tool with bindings is only for the tenant default or those in TOOL_TENANTS", () => {
  const bound = toolWith("mine", ["EMAIL"]);
  test.each([
    ["default", undefined, true],
    ["other", undefined, false],
    ["other", '{"mine": ["other"]}', true],
    ["default", '{"mine": ["other"]}', false],
    ["other", '{"theirs": ["other"]}', false],
    ["default", "{nonsense", false],
    ["default", '{"mine": "default"}', false],
    ["constructor", '{"mine": {}}', false],
  ])("the tenant %s with %s may use it: %s", (tenant, toolTenants, may) => {
    expect(checkTenant(bound, tenant, toolTenants).ok).toBe(may);
  });

  test("a tool without bindings is for every tenant", () => {
    expect(checkTenant(toolWith("mine"), "other", undefined).ok).toBe(true);
  });
});

test("the catalog has exactly the tools whose names the API accepts", () => {
  const names = catalog.map((tool) => tool.name);
  const expected = [...standardTools, ...bindingTools].filter((name) => name !== "final_answer");
  expect(names).toEqual([...expected, ...customToolNames]);
  expect(new Set(names).size).toBe(names.length);
});
