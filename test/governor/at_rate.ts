/**
 * One governor at its full rate, with a clock of its own: tasks that call, work and call again. Measures what
 * the governor is asked, what it stores and what it costs.
 */
import { GovernorCore } from "../../consumer/governor/core.ts";
import type { Report } from "../../consumer/governor/limiter.ts";

interface Load {
  requestsPerMinute: number;
  /** How long a model call takes. */
  callMs: number;
  /** Calls of one task. */
  calls: number;
  seconds: number;
}

export interface RateUse {
  calls: number;
  requests: number;
  rowsStored: number;
  rowBytesMax: number;
  slotsMax: number;
}

class Clock {
  now = 1_800_000_000_000;
  readonly #due: { at: number; resume: () => void }[] = [];

  wait(ms: number): Promise<void> {
    return new Promise((resume) => {
      const at = this.now + ms;
      let low = 0;
      let high = this.#due.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((this.#due[middle]?.at ?? 0) > at) low = middle + 1;
        else high = middle;
      }
      this.#due.splice(low, 0, { at, resume });
    });
  }

  async runFor(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#due.at(-1);
      if (next === undefined || next.at > end) return;
      this.#due.pop();
      this.now = Math.max(this.now, next.at);
      next.resume();
    }
  }
}

export async function runAtRate(load: Load): Promise<RateUse> {
  const { requestsPerMinute, callMs, calls, seconds } = load;
  const clock = new Clock();
  const realNow = Date.now;
  Date.now = () => clock.now;
  const use: RateUse = { calls: 0, requests: 0, rowsStored: 0, rowBytesMax: 0, slotsMax: 0 };
  const storage = {
    get: async () => new Map<string, unknown>(),
    async put(_key: string, value: unknown) {
      use.rowsStored += 1;
      use.rowBytesMax = Math.max(use.rowBytesMax, JSON.stringify(value).length);
    },
  };
  const core = new GovernorCore(storage, (ms) => clock.wait(ms));

  /** A worker that runs one task after another. The end of a task is reported with the next admission. */
  async function work(worker: number): Promise<void> {
    let reports: Report[] = [];
    for (let n = 0; ; n++) {
      const task = `task_${worker}_${n}`;
      const request = { task, slot: task, requestsPerMinute, reservesCall: true, isRefill: n > 0 };
      use.requests += 1;
      const { permit } = await core.admit(request, reports);
      reports = [];
      if (permit === null || !permit.granted) {
        // A message that is not needed is dropped; the sweep sends another one.
        await clock.wait(permit === null || permit.isSurplus ? 60_000 : permit.until - clock.now);
        continue;
      }
      let { at } = permit;
      for (let call = 1; ; call++) {
        use.calls += 1;
        await clock.wait(callMs);
        reports.push({ kind: "outcome", task, observation: { kind: "answered", at } });
        if (call === calls) break;
        use.requests += 1;
        const next = await core.grant({ task, requestsPerMinute }, reports);
        reports = [];
        if (next.permit?.granted === true) at = next.permit.at;
      }
      reports.push({ kind: "released", task });
    }
  }

  try {
    // As many workers as the calls keep busy.
    const workers = Math.ceil((requestsPerMinute / 60_000) * (callMs + 3_000));
    for (let worker = 0; worker < workers; worker++) void work(worker);
    await clock.runFor(seconds * 1_000);
    use.slotsMax = (await core.snapshot(requestsPerMinute)).inProgress;
  } finally {
    Date.now = realNow;
  }
  return use;
}
