/**
 * A program's files and the task's stay one workspace, whatever is under way between them: changes travel
 * with calls, answers come in the order in which they were made and as late as they like.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Workspace } from "../../../consumer/sandbox/interpreter/host/workspace.ts";
import { parseChanges } from "../../../consumer/sandbox/untrusted_outcome.ts";

const paths = ["a", "b", "c"];
type Act =
  | { by: "program" | "tool"; path: string; bytes: number | null }
  | { by: "call" | "tool answers" | "answer arrives" };

const write = (author: "program" | "tool") =>
  fc.record({
    by: fc.constant(author),
    path: fc.constantFrom(...paths),
    bytes: fc.option(fc.nat(255)),
  });
const acts = fc.array(
  fc.oneof(
    write("program"),
    write("tool"),
    fc.record({
      by: fc.constantFrom("call" as const, "tool answers" as const, "answer arrives" as const),
    }),
  ),
  { maxLength: 40 },
);

/** The task's side: a map, and a log of what was changed. */
class Task {
  readonly files = new Map<string, Uint8Array>();
  readonly log: string[] = [];
  apply(changes: Iterable<[string, Uint8Array | null]>): void {
    for (const [path, bytes] of changes) {
      if (bytes === null) this.files.delete(path);
      else this.files.set(path, bytes);
      this.log.push(path);
    }
  }
  since(mark: number): Map<string, Uint8Array | null> {
    return new Map(this.log.slice(mark).map((path) => [path, this.files.get(path) ?? null]));
  }
}

function playScript(script: readonly Act[], isSaved = true) {
  const program = new Workspace(new Map());
  const task = new Task();
  const running: { handed: Map<string, Uint8Array | null>; mark: number }[] = [];
  const onTheWay: {
    handed: Map<string, Uint8Array | null>;
    others: Map<string, Uint8Array | null>;
  }[] = [];
  const answer = (): void => {
    const call = running.shift();
    if (call) onTheWay.push({ handed: call.handed, others: task.since(call.mark) });
  };
  const arrive = (): void => {
    const reply = onTheWay.shift();
    if (reply) program.settle(reply.handed, isSaved, isSaved ? reply.others : undefined);
  };
  for (const action of script) {
    if (action.by === "program") {
      if (action.bytes !== null) program.write(action.path, Uint8Array.of(action.bytes));
      else if (program.entry(action.path) !== null) program.remove(action.path);
    } else if (action.by === "tool") {
      // A tool is at work only while a call is.
      const bytes = action.bytes === null ? null : Uint8Array.of(action.bytes);
      if (isSaved && running.length > 0) task.apply([[action.path, bytes]]);
    } else if (action.by === "call") {
      const changes = program.handOver();
      if (isSaved) task.apply(changes);
      running.push({ handed: changes, mark: task.log.length });
    } else if (action.by === "tool answers") answer();
    else arrive();
  }
  while (running.length > 0) answer();
  while (onTheWay.length > 0) arrive();
  return { program, task };
}

const filesText = (files: Iterable<[string, Uint8Array]>) =>
  Object.fromEntries([...files].map(([path, bytes]) => [path, bytes[0]]).sort());
const filesOf = (program: Workspace): [string, Uint8Array][] =>
  paths.flatMap((path) => (program.entry(path) === null ? [] : [[path, program.read(path)]]));

test("in the end both sides have the same files, once the program's last changes are applied", () => {
  fc.assert(
    fc.property(acts, (script) => {
      const { program, task } = playScript(script);
      task.apply(program.changes);
      expect(filesText(task.files)).toEqual(filesText(filesOf(program)));
    }),
    { numRuns: 2_000 },
  );
});

test("changes that no call could carry are all reported at the end", () => {
  fc.assert(
    fc.property(acts, (script) => {
      const { program, task } = playScript(script, false);
      task.apply(program.changes);
      expect(filesText(task.files)).toEqual(filesText(filesOf(program)));
    }),
    { numRuns: 1_000 },
  );
});

test("a file that is made and deleted between two calls is never reported", () => {
  const programWorkspace = new Workspace(new Map([["old", Uint8Array.of(1)]]));
  programWorkspace.write("made", Uint8Array.of(1));
  programWorkspace.remove("made");
  programWorkspace.remove("old");
  programWorkspace.write("old", Uint8Array.of(2));
  programWorkspace.remove("old");
  expect([...programWorkspace.handOver()]).toEqual([["old", null]]);
  programWorkspace.write("made", Uint8Array.of(1));
  programWorkspace.handOver();
  programWorkspace.remove("made");
  expect([...programWorkspace.handOver()]).toEqual([["made", null]]);
});

test("the deletion of a file that a tool wrote meanwhile is reported", () => {
  const program = new Workspace(new Map());
  const changes = program.handOver();
  program.write("b", Uint8Array.of(1));
  program.settle(changes, true, new Map([["b", Uint8Array.of(2)]]));
  program.remove("b");
  expect([...program.changes]).toEqual([["b", null]]);
});

test("a few bytes of a large buffer hold no more memory than they are", () => {
  const view = new Uint8Array(1_000_000).subarray(5, 8);
  const parsed = parseChanges(new Map([["a", view]]))?.get("a");
  expect(parsed).toEqual(new Uint8Array(3));
  expect(parsed?.buffer.byteLength).toBe(3);
});
