import { Type } from "@sinclair/typebox";
import { describe, expect, test } from "vitest";
import {
  type BindingName,
  bindingsOf,
  missingBinding,
  tenantFault,
} from "../../consumer/tools/bindings.ts";
import { catalog } from "../../consumer/tools/catalog.ts";
import { customTools } from "../../consumer/tools/custom.ts";
import { defineTool, done } from "../../consumer/tools/define.ts";
import { bindingTools, standardTools } from "../../shared/task.ts";

const toolWith = (name: string, bindings: string[] = []) =>
  defineTool({
    name,
    description: "d",
    input: Type.Object({}),
    effect: "read",
    bindings: bindings as BindingName[],
    run: async () => done("x"),
  });

describe("what no tool may be called", () => {
  test.each(["", "A", "has space", "a__b", "x-y", "a".repeat(64), "final answer", "\u0430bc"])(
    "%j",
    (name) => expect(() => toolWith(name)).toThrow("no tool's name"),
  );
});

describe("what no tool may have", () => {
  test.each([
    ...["DB", "OBJECTS", "TASKS", "TASKS_LOW", "GOVERNOR", "LOADER", "SANDBOX"],
    ...["SECRET_ORDERS", "FLEET_API_KEY", "FLEET_HOSTS", "MODEL_API_KEY", "MODEL"],
  ])("%s", (name) => {
    expect(() => toolWith("mine", [name])).toThrow("the fleet's own");
  });
});

test("a tool gets what it declared and nothing else, and can change none of it", () => {
  const env = { EMAIL_TO: "a@b.example", EMAIL_FROM: "", DB: 1, SECRET_X: "s" };
  const given = bindingsOf(toolWith("mine", ["EMAIL_TO"]), env);
  expect({ ...given }).toEqual({ EMAIL_TO: "a@b.example" });
  expect(Object.getPrototypeOf(given)).toBeNull();
  expect(Object.isFrozen(given)).toBe(true);
});

test("a default stands in for what is not set", () => {
  const tool = { ...toolWith("mine", ["VECTORS_MODEL"]), defaults: { VECTORS_MODEL: "m" } };
  expect(missingBinding(tool, {})).toBeNull();
  expect(bindingsOf(tool, { VECTORS_MODEL: "" }).VECTORS_MODEL).toBe("m");
  expect(bindingsOf(tool, { VECTORS_MODEL: "n" }).VECTORS_MODEL).toBe("n");
});

describe("a tool with bindings is for the tenant default, or for those that TOOL_TENANTS lists", () => {
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
  ])("tenant %s, %s: %s", (tenant, listed, may) => {
    expect(tenantFault(bound, tenant, listed) === null).toBe(may);
  });

  test("one without is for all", () => {
    expect(tenantFault(toolWith("mine"), "other", undefined)).toBeNull();
  });
});

test("the catalog holds every name that the API knows, once", () => {
  const names = catalog.map((tool) => tool.name);
  const known = [...standardTools, ...bindingTools].filter((name) => name !== "final_answer");
  expect(names).toEqual([...known, ...customTools.map((tool) => tool.name)]);
  expect(new Set(names).size).toBe(names.length);
});
