import { expect, test } from "vitest";
import { runCall } from "../../../consumer/loop/calls/run_call.ts";
import type { Tool } from "../../../consumer/tools/define.ts";
import { StoreFault } from "../../../shared/platform/retries.ts";
import { toolHostWith } from "../memory.ts";
import { callOf } from "../steps.ts";

const options = { charsMax: 100, canReadFiles: true, hasIntent: false, isApproved: false };

/** Runs a tool that throws. */
function runThrowing(error: Error) {
  const input = {} as never;
  const run = () => Promise.reject(error);
  const tool: Tool = { name: "read_file", description: "", input, effect: "read", run };
  return runCall(toolHostWith([tool]), callOf("c"), 1, options);
}

test("the error of a tool is a result that the model reads", async () => {
  const step = await runThrowing(new Error("no such table"));
  expect(step).toMatchObject({
    status: "failed",
    payload: { ok: false, text: "read_file failed: no such table" },
  });
});

test("a failed store is not a tool result: the slice ends", async () => {
  await expect(runThrowing(new StoreFault("get object: down"))).rejects.toThrow(StoreFault);
});
