import { afterEach, expect, test } from "vitest";
import { useMicroVms } from "../../../consumer/sandbox/microvm/provider.ts";
import { FakeMicroVm } from "../../sandbox/fake_microvm.ts";
import { call, finish, runTask, stepsOf } from "../harness.ts";

const vms = new Map<string, FakeMicroVm>();
useMicroVms(() => (name) => {
  const vm = new FakeMicroVm(() => "1 + 1");
  vms.set(name, vm);
  return vm;
});
afterEach(() => vms.clear());

test("a task in a container runs commands and programs on its workspace, and its container is destroyed", async () => {
  const row = await runTask({
    prompt: "p",
    sandbox: "microvm",
    files: { "in.txt": { text: "hello" } },
    rehearsal: [
      call("run_shell", { command: "cat in.txt" }),
      call("run_shell", { command: "echo made > out.txt" }),
      call("run_code", { code: "1 + 1" }),
      call("read_file", { path: "out.txt" }),
      finish(),
    ],
  });
  expect(row.status).toBe("succeeded");
  const texts = (await stepsOf(row.id)).flatMap(({ payload }) =>
    payload.kind === "tool" ? [payload.text] : [],
  );
  expect(texts).toEqual(["hello", "The program ended without output.", "2", "1\tmade"]);
  expect([...vms].map(([name, { destroyed }]) => [name, destroyed])).toEqual([[`${row.id}-1`, 1]]);
});

test.each([
  ["ends badly", [{ error: { status: 400, code: "bad", message: "no" } }]],
  ["runs out of turns", []],
])("the container of a task that %s is destroyed too", async (_name, turns) => {
  await runTask({
    prompt: "p",
    sandbox: "microvm",
    rehearsal: [call("run_shell", { command: "nope" }), ...turns],
  });
  expect([...vms.values()].map(({ destroyed }) => destroyed)).toEqual([1]);
});

test("a container that breaks costs the task an attempt, and the next one gets another", async () => {
  let made = 0;
  useMicroVms(() => () => {
    made += 1;
    const vm = new FakeMicroVm(() => "1");
    if (made === 1) vm.failing = "throws";
    return vm;
  });
  const row = await runTask({
    prompt: "p",
    sandbox: "microvm",
    rehearsal: [call("run_shell", { command: "nope" }), finish()],
  });
  expect(row).toMatchObject({ status: "succeeded", attempt: 1 });
  expect(JSON.parse(row.errors)).toMatchObject([{ code: "sandbox_fault" }]);
});
