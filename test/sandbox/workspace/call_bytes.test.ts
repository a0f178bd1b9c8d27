/** The bytes that a program's calls may hold at once: programs of several tasks share the memory. */
import { expect, test } from "vitest";
import type { FileChanges, ToolAnswer } from "../../../consumer/sandbox/engine.ts";
import { HostTarget } from "../../../consumer/sandbox/host_target.ts";
import { Calls } from "../../../consumer/sandbox/interpreter/host/calls.ts";
import { Workspace } from "../../../consumer/sandbox/interpreter/host/workspace.ts";
import { sandboxLimits, workspaceLimits } from "../../../shared/limits.ts";

/** A task's end that answers only when it is asked to. */
function slowHost() {
  const openCalls: { bytes: number; answer: (answer: ToolAnswer) => void }[] = [];
  const host = {
    fetch: () => new Promise<never>(() => {}),
    call(_tool: string, _arguments: string, changes: FileChanges): Promise<ToolAnswer> {
      const bytes = [...changes.values()].reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
      return new Promise((answer) => openCalls.push({ bytes, answer }));
    },
    aborted: () => new Promise<void>(() => {}),
  };
  return { open: openCalls, host };
}

const tool = (id: number, argumentsJson = "{}") =>
  JSON.stringify([id, "tool", "slow", argumentsJson]);

test("calls under way hold no more of a program's files than a workspace may", async () => {
  const { open, host } = slowHost();
  const workspace = new Workspace(new Map());
  const calls = new Calls(host, workspace);
  const large = workspaceLimits.fileBytesMax - 1;
  const started = 8;
  for (let id = 0; id < started; id += 1) {
    workspace.write("large", new Uint8Array(large));
    expect(calls.start(tool(id), null)).toBeUndefined();
  }
  let answerCount = 0;
  while (answerCount < started) {
    const heldBytes = open.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(heldBytes).toBeLessThanOrEqual(sandboxLimits.hostCallBytesMax);
    open.shift()?.answer({ ok: true, json: "1" });
    while (calls.takeAnswer() === undefined) await Promise.resolve();
    answerCount += 1;
  }
  while (calls.pending > 0) await Promise.resolve();
  expect(workspace.changes.size).toBe(0);
});

test("a call without changes does not wait for a call that carries many", () => {
  const { open, host } = slowHost();
  const workspace = new Workspace(new Map());
  const calls = new Calls(host, workspace);
  for (const path of ["a", "b"])
    workspace.write(path, new Uint8Array(workspaceLimits.fileBytesMax));
  calls.start(tool(0), null);
  calls.start(tool(1), null);
  expect(open.map(({ bytes }) => bytes)).toEqual([2 * workspaceLimits.fileBytesMax, 0]);
});

type Start = (size: number) => Parameters<Calls["start"]>;

test.each<[string, Start]>([
  ["arguments", (size) => [tool(0, "x".repeat(size)), null]],
  [
    "bodies",
    (size) => [JSON.stringify([0, "fetch", "https://a.example", "PUT", []]), new Uint8Array(size)],
  ],
])("%s of calls without an answer are bounded together", (_case, start) => {
  const { host } = slowHost();
  const calls = new Calls(host, new Workspace(new Map()));
  const half = sandboxLimits.hostCallBytesMax / 2;
  expect(calls.start(...start(half))).toBeUndefined();
  expect(calls.start(...start(half))).toContain("await some first");
  expect(calls.start(...start(half / 2))).toBeUndefined();
});

test("the bytes of an answered call can be used again", async () => {
  const { open, host } = slowHost();
  const calls = new Calls(host, new Workspace(new Map()));
  const most = "x".repeat(sandboxLimits.hostCallBytesMax * 0.9);
  for (const id of [1, 2, 3]) {
    expect(calls.start(tool(id, most), null)).toBeUndefined();
    open.shift()?.answer({ ok: true, json: "1" });
    while (calls.pending > 0) {
      calls.takeAnswer();
      await Promise.resolve();
    }
  }
});

test("a call that exceeds the bytes of the calls in progress is refused by the host, and its files are not kept", async () => {
  const { open, host } = slowHost();
  const signal = new AbortController().signal;
  const target = new HostTarget({ code: "", files: new Map(), tools: ["slow"] }, host, signal);
  const large = () => new Map([["large", new Uint8Array(workspaceLimits.fileBytesMax)]]);
  const under = [target.call("slow", "{}", large()), target.call("slow", "{}", large())];
  expect(await target.call("slow", "{}", large())).toMatchObject({ ok: false, kept: false });
  for (const { answer } of open) answer({ ok: true, json: "1" });
  await Promise.all(under);
  void target.call("slow", "{}", large());
  expect(open).toHaveLength(3);
});
