/** Each limit of a task at its edge: the maximum is valid, one more is not. */
import { expect, test } from "vitest";
import { checkTask } from "../../../producer/tasks/check/check.ts";
import type { CheckScope } from "../../../producer/tasks/check/check_scope.ts";
import { explain } from "../../../producer/tasks/check/explain.ts";
import { checkInputKey } from "../../../producer/tasks/check/input_key.ts";
import { resolveKey } from "../../../producer/tasks/idempotency.ts";
import {
  budgetCeilings,
  storeLimits,
  taskLimits,
  workspaceLimits,
} from "../../../shared/limits.ts";
import { ok } from "../../../shared/result.ts";
import { DurableTask } from "../../../shared/task/task.ts";

const now = Date.UTC(2026, 0, 1);
const scope = (): CheckScope => ({
  model: "rehearsal",
  allowsRehearsal: true,
  now,
  tools: [],
  available: null,
  checkPolicy: () => ok(null),
  checkModel: () => ok(null),
  seesPictures: () => true,
  checkWebhook: () => ok(null),
  validParts: new WeakSet(),
});

const text = (count: number) => "x".repeat(count);
const names = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);
const recordOf = (count: number, value: unknown) =>
  Object.fromEntries(names(count).map((name) => [name, value]));
const message = (count: number) => ({ role: "user", content: text(count) });
const turn = { text: "yes" };

const budgets = Object.entries(budgetCeilings).map(
  ([name, max]): [string, number, (value: number) => object] => [
    `limits.${name}`,
    max,
    (value) => ({ limits: { [name]: value } }),
  ],
);

/** The path that a fault is reported at, the maximum, and a task with this much of it. */
test.each<[path: string, max: number, fieldsWith: (count: number) => object]>([
  ["prompt", taskLimits.promptCharsMax, (n) => ({ prompt: text(n) })],
  ["messages", taskLimits.messagesMax, (n) => ({ messages: Array(n).fill(message(1)) })],
  [
    "messages",
    taskLimits.promptCharsMax,
    (n) => ({ messages: [message(n - taskLimits.promptCharsMax / 2), message(250_000)] }),
  ],
  ["input", taskLimits.inputBytesMax, (n) => ({ input: text(n - 2) })],
  ["files", taskLimits.filesMax, (n) => ({ files: recordOf(n, { text: "" }) })],
  ["files.a", workspaceLimits.fileBytesMax, (n) => ({ files: { a: { text: text(n) } } })],
  [
    "files",
    workspaceLimits.bytesMax,
    (n) => ({
      files: Object.fromEntries(
        [n - 14_000_000, 7_000_000, 7_000_000].map((size, index) => [
          `f${index}`,
          { text: text(size) },
        ]),
      ),
    }),
  ],
  ["tools", taskLimits.toolsMax, (n) => ({ tools: names(n) })],
  ["mcp", taskLimits.mcpServersMax, (n) => ({ mcp: names(n) })],
  ["skills", taskLimits.skillsMax, (n) => ({ skills: names(n) })],
  ["fallback_models", taskLimits.fallbackModelsMax, (n) => ({ fallback_models: names(n) })],
  ["labels", taskLimits.labelsMax, (n) => ({ labels: recordOf(n, "v") })],
  ["labels.a", taskLimits.labelValueCharsMax, (n) => ({ labels: { a: text(n) } })],
  ["custom_id", taskLimits.keyCharsMax, (n) => ({ custom_id: text(n) })],
  ["idempotency_key", taskLimits.keyCharsMax, (n) => ({ idempotency_key: text(n) })],
  ["attempts", taskLimits.attemptsMax, (n) => ({ attempts: n })],
  [
    "concurrency.limit",
    taskLimits.concurrencyMax,
    (n) => ({ concurrency: { key: "k", limit: n } }),
  ],
  ["rehearsal", taskLimits.rehearsalTurnsMax, (n) => ({ rehearsal: Array(n).fill(turn) })],
  [
    "rehearsal[0].delay_ms",
    taskLimits.rehearsalDelayMsMax,
    (n) => ({ rehearsal: [{ ...turn, delay_ms: n }] }),
  ],
  ["not_before", taskLimits.delayMsMax, (n) => ({ not_before: new Date(now + n).toISOString() })],
  ...budgets,
])("%s of a task may be up to %i", (path, max, fieldsWith) => {
  const faultsOf = (count: number) => {
    const fields = fieldsWith(count);
    const prompt = "messages" in fields ? {} : { prompt: "p" };
    const result = checkTask({ ...prompt, rehearsal: [turn], ...fields }, scope());
    return result.ok ? [] : result.error.map((detail) => detail.path);
  };
  expect(faultsOf(max)).not.toContain(path);
  expect(faultsOf(max + 1)).toContain(path);
});

test("up to 20 faults of a task are reported", () => {
  const invalid = (count: number) => explain(DurableTask, recordOf(count, 1));
  expect(invalid(taskLimits.problemsReportedMax)).toHaveLength(taskLimits.problemsReportedMax);
  expect(invalid(taskLimits.problemsReportedMax + 1)).toHaveLength(taskLimits.problemsReportedMax);
});

test.each<[string, number, (count: number) => { ok: boolean }]>([
  ["the header Idempotency-Key", taskLimits.keyCharsMax, (n) => resolveKey(text(n), undefined)],
  ["the key of an input", storeLimits.inputKeyCharsMax, (n) => checkInputKey(text(n))],
])("%s may have up to %i characters", (_name, max, check) => {
  expect([check(max).ok, check(max + 1).ok]).toEqual([true, false]);
});
