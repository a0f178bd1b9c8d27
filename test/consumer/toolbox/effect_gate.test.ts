import { expect, test } from "vitest";
import type { StepDraft } from "../../../consumer/loop/journal/journal_writer.ts";
import { EffectGate } from "../../../consumer/toolbox/effect_gate.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";

const call = { id: "c1", name: "send", arguments: {} } as never;
const row = { n: 1, method: "POST" } as EgressRow;

/** A gate whose journal records its writes, or has lost its fence. */
function recordingGate(isHeld = true) {
  const writes: [intents: string[], rows: number][] = [];
  const gate = new EffectGate({
    async write(drafts: readonly StepDraft[], egress) {
      writes.push([drafts.map(({ status }) => status), egress?.rows.length ?? 0]);
      return isHeld
        ? { ok: true, value: { cancelRequested: false, expired: false, ceiling: null } }
        : { ok: false, error: "fence_lost" };
    },
  });
  return { gate, writes };
}

test("the intent of a step is journaled once, with the first request, before the effect", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, false);
  expect(await gate.journalIntent([row])).toBe(true);
  expect(await gate.journalIntent([row])).toBe(true);
  expect(writes).toEqual([
    [["intent"], 1],
    [[], 1],
  ]);
});

test("a step whose intent is journaled writes nothing more without a request", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, true);
  expect(await gate.journalIntent()).toBe(true);
  expect(writes).toEqual([]);
});

test("a read-only step lets no effect pass, even after a step with effects", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, true);
  gate.startReadOnlyStep();
  expect(await gate.journalIntent([row])).toBe(false);
  expect(writes).toEqual([]);
});

test("no effect passes after the fence is lost, and its intent is not taken as journaled", async () => {
  const { gate, writes } = recordingGate(false);
  gate.startStep(call, 7, false);
  expect([await gate.journalIntent([row]), await gate.journalIntent([row])]).toEqual([
    false,
    false,
  ]);
  expect(writes).toEqual([
    [["intent"], 1],
    [["intent"], 1],
  ]);
});
