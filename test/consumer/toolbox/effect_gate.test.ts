import { expect, test } from "vitest";
import type { Announcement } from "../../../consumer/egress/announcements.ts";
import type { StepDraft } from "../../../consumer/loop/journal/journal_writer.ts";
import { EffectGate } from "../../../consumer/toolbox/effect_gate.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";

const call = { id: "c1", name: "send", arguments: {} } as never;
const charge = { requests: 5, bytes_in: 6, bytes_out: 7, ms: 8 };
const requestOf = (method: string, hasEffects: boolean): Announcement => ({
  row: { n: 1, method } as EgressRow,
  hasEffects,
  charge,
});
const posting = requestOf("POST", true);
const getting = requestOf("GET", false);

/** A gate whose journal records its writes, or has lost its fence. */
function recordingGate(isHeld = true) {
  const writes: unknown[] = [];
  const gate = new EffectGate({
    nextSeq: 9,
    async write(drafts: readonly StepDraft[], egress) {
      const methods = (egress?.rows ?? []).map(({ method }) => method);
      writes.push([drafts.map(({ status }) => status), egress?.seq ?? null, methods]);
      if (methods.length > 0) expect(egress?.charge).toEqual(charge);
      return isHeld
        ? { ok: true, value: { cancelRequested: false, expired: false, ceiling: null } }
        : { ok: false, error: "fence_lost" };
    },
  });
  return { gate, writes };
}

test("the intent of a step is journaled once, with the first request with effects", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, { hasIntent: false, isApproved: false });
  expect(await gate.journalRequest(posting)).toBe(true);
  expect(await gate.journalRequest(posting)).toBe(true);
  expect(writes).toEqual([
    [["intent"], 7, ["POST"]],
    [[], 7, ["POST"]],
  ]);
});

test("a request that only reads is journaled without an intent", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, { hasIntent: false, isApproved: false });
  expect(await gate.journalRequest(getting)).toBe(true);
  expect(writes).toEqual([[[], 7, ["GET"]]]);
});

test("a step whose intent is journaled writes nothing more without a request", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, { hasIntent: true, isApproved: false });
  expect(await gate.journalIntent()).toBe(true);
  expect(writes).toEqual([]);
});

test("a read-only step lets no effect pass, and its other requests count to the next step", async () => {
  const { gate, writes } = recordingGate();
  gate.startStep(call, 7, { hasIntent: true, isApproved: false });
  gate.startReadOnlyStep();
  expect(await gate.journalRequest(posting)).toBe(false);
  expect(await gate.journalIntent()).toBe(false);
  expect(await gate.journalRequest(getting)).toBe(true);
  expect(writes).toEqual([[[], 9, ["GET"]]]);
});

test("nothing passes after the fence is lost, and no intent is taken as journaled", async () => {
  const { gate, writes } = recordingGate(false);
  gate.startStep(call, 7, { hasIntent: false, isApproved: false });
  const passed = [
    await gate.journalRequest(posting),
    await gate.journalRequest(posting),
    await gate.journalRequest(getting),
  ];
  expect(passed).toEqual([false, false, false]);
  expect(writes).toEqual([
    [["intent"], 7, ["POST"]],
    [["intent"], 7, ["POST"]],
    [[], 7, ["GET"]],
  ]);
});

test("a task that needs approval permits effects only in a call that a person approved", () => {
  const { gate } = recordingGate();
  expect(gate.isPermitted).toBe(true);
  const strict = new EffectGate(
    { write: () => Promise.reject(new Error("unused")), nextSeq: 1 },
    true,
  );
  expect(strict.isPermitted).toBe(false);
  strict.startStep(call, 7, { hasIntent: false, isApproved: false });
  expect(strict.isPermitted).toBe(false);
  strict.startStep(call, 7, { hasIntent: false, isApproved: true });
  expect(strict.isPermitted).toBe(true);
  strict.startReadOnlyStep();
  expect(strict.isPermitted).toBe(false);
});
