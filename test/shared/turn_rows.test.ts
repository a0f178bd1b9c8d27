import fc from "fast-check";
import { expect, test } from "vitest";
import { storeLimits } from "../../shared/limits.ts";
import { noUsage } from "../../shared/spend/usage.ts";
import { type NewStep, packTurns, unpackTurn } from "../../shared/store/tasks/turn_rows.ts";

const step = fc.record({
  kind: fc.constantFrom("model" as const, "tool" as const),
  name: fc.string(),
  status: fc.constantFrom(
    "done" as const,
    "failed" as const,
    "refused" as const,
    "intent" as const,
  ),
  started_at: fc.nat(),
  duration_ms: fc.nat(),
  body: fc.option(fc.record({ kind: fc.string(), text: fc.string({ unit: "binary" }) })),
});

const steps = fc.array(step, { maxLength: 2 * storeLimits.turnStepsMax }).map((list) =>
  list.map(
    ({ body, ...head }, n): NewStep => ({
      ...head,
      seq: n + 1,
      payload: body === null ? null : JSON.stringify(body),
      payload_key: body === null ? `blobs/${n}` : null,
      usage: { ...noUsage, steps: n },
    }),
  ),
);

test("the steps of a turn are read as they were written, whatever shares their row", () => {
  fc.assert(
    fc.property(steps, (written) => {
      const rows = packTurns(written).map(({ row }) => ({
        ...row,
        task_id: "task_1",
        fence: 3,
        usage: JSON.stringify(row.usage),
      }));
      const read = rows.flatMap(unpackTurn).map(({ task_id, fence, usage, ...rest }) => {
        expect({ task_id, fence }).toEqual({ task_id: "task_1", fence: 3 });
        return { ...rest, usage: JSON.parse(usage) as unknown };
      });
      expect(read).toEqual(written);
      expect(rows.at(-1)?.usage).toEqual(
        written.length === 0 ? undefined : JSON.stringify(written.at(-1)?.usage),
      );
    }),
  );
});

test("an intent has a row of its own, and a turn starts again after it", () => {
  fc.assert(
    fc.property(steps, (written) => {
      for (const { row, seqs } of packTurns(written)) {
        expect(seqs[0]).toBe(row.seq);
        expect(seqs.length).toBeLessThanOrEqual(storeLimits.turnStepsMax);
        if (row.status === "intent") expect(seqs).toHaveLength(1);
      }
    }),
  );
});
