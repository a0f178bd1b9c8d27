import { afterEach, expect, test, vi } from "vitest";
import { sandboxLimits } from "../../../shared/limits.ts";
import { finalAnswer, runTask, testConsumer, toolCall } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The deadlines of a sandbox fire at once; all other timers are unchanged. */
function shortenDeadlines(): void {
  const real = globalThis.setTimeout;
  const { admissionMsMax, wallMsMax, graceMs } = sandboxLimits;
  const short = [admissionMsMax, wallMsMax + graceMs];
  vi.stubGlobal("setTimeout", (run: () => void, ms = 0) => real(run, short.includes(ms) ? 20 : ms));
}

const never = () => new Promise<never>(() => undefined);

test.each([
  ["never answers", async () => never()],
  [
    "starts a run and never ends it",
    async (_request: unknown, host: { files(): unknown }) => {
      await host.files();
      return never();
    },
  ],
])(
  "an interpreter that %s costs an attempt, and the next attempt gets another one",
  async (_, run) => {
    shortenDeadlines();
    const names: string[] = [];
    const real = testConsumer().env.LOADER as unknown as WorkerLoader;
    const LOADER = {
      get(...args: Parameters<WorkerLoader["get"]>) {
        names.push(String(args[0]));
        if (names.length > 1) return real.get(...args);
        return { getEntrypoint: () => ({ run }) };
      },
    };
    const row = await runTask(
      { prompt: "p", attempts: 2, rehearsal: [toolCall("run_code", { code: "1" }), finalAnswer()] },
      { consumer: testConsumer({ LOADER }) },
    );
    expect([row.status, row.attempt]).toEqual(["succeeded", 1]);
    expect(JSON.parse(row.errors)).toMatchObject([{ code: "sandbox_fault" }]);
    expect(new Set(names).size).toBe(2);
  },
);
