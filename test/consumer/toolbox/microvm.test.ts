import { afterEach, expect, test } from "vitest";
import { setMicroVmProvider } from "../../../consumer/sandbox/microvm/provider.ts";
import { FakeMicroVm } from "../../sandbox/fake_microvm.ts";
import { finalAnswer, readSteps, runTask, toolCall } from "../harness.ts";

const vms = new Map<string, FakeMicroVm>();
setMicroVmProvider(() => (name) => {
  const vm = new FakeMicroVm(() => "1 + 1");
  vms.set(name, vm);
  return vm;
});
afterEach(() => vms.clear());

test("a task in a container runs commands and programs on its workspace, and its container is destroyed at the end", async () => {
  const row = await runTask({
    prompt: "p",
    sandbox: "microvm",
    files: { "in.txt": { text: "hello" } },
    rehearsal: [
      toolCall("run_shell", { command: "cat in.txt" }),
      toolCall("run_shell", { command: "echo made > out.txt" }),
      toolCall("run_code", { code: "1 + 1" }),
      toolCall("read_file", { path: "out.txt" }),
      finalAnswer(),
    ],
  });
  expect(row.status).toBe("succeeded");
  const texts = (await readSteps(row.id)).flatMap(({ payload }) =>
    payload.kind === "tool" ? [payload.text] : [],
  );
  expect(texts).toEqual(["hello", "The program ended without output.", "2", "1\tmade"]);
  expect([...vms].map(([name, { destroyed }]) => [name, destroyed])).toEqual([[`${row.id}-1`, 1]]);
});

test.each([
  ["fails", [{ error: { status: 400, code: "bad", message: "no" } }]],
  ["runs out of turns", []],
])("the container of a task that %s is destroyed", async (_name, turns) => {
  await runTask({
    prompt: "p",
    sandbox: "microvm",
    rehearsal: [toolCall("run_shell", { command: "nope" }), ...turns],
  });
  expect([...vms.values()].map(({ destroyed }) => destroyed)).toEqual([1]);
});

test("a container that breaks costs an attempt, and the next attempt gets another one", async () => {
  let openedCount = 0;
  setMicroVmProvider(() => () => {
    openedCount += 1;
    const vm = new FakeMicroVm(() => "1");
    if (openedCount === 1) vm.failing = "throws";
    return vm;
  });
  const row = await runTask({
    prompt: "p",
    sandbox: "microvm",
    rehearsal: [toolCall("run_shell", { command: "nope" }), finalAnswer()],
  });
  expect(row).toMatchObject({ status: "succeeded", attempt: 1 });
  expect(JSON.parse(row.errors)).toMatchObject([{ code: "sandbox_fault" }]);
});
