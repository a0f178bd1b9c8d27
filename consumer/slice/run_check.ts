/** Runs one try of a check: a program, a tool or a judge. It only reads, and costs the task no attempt. */

import { StoreFault } from "../../shared/platform/retries.ts";
import { boundsOf, exhaustedBudget } from "../../shared/spend/budgets.ts";
import { classOf, failure } from "../../shared/task/failures.ts";
import type { Judge } from "../../shared/task/quality.ts";
import type { StepCall } from "../../shared/task/step.ts";
import { stepsOfThread } from "../../shared/task/thread.ts";
import type { ThreadMark } from "../../shared/task/thread_mark.ts";
import { noApprovals } from "../approvals/desk.ts";
import { findWaitingAnswer } from "../loop/answer/find_answer.ts";
import { budgetMessage, millisecondsLeft } from "../loop/budget/allowance.ts";
import type { ToolHost } from "../loop/calls/run_call.ts";
import { runLoop } from "../loop/loop.ts";
import { endAfterWrite, type LoopEnd } from "../loop/loop_end.ts";
import type { Attempt } from "../quality/attempt.ts";
import { checkProgram, verdictOfRun } from "../quality/checks/code_check.ts";
import { judgeTask, verdictForm, verdictOfJudge, verdictToken } from "../quality/checks/judge.ts";
import { runToolCheck } from "../quality/checks/tool_check.ts";
import {
  type CheckOfAnswer,
  type CheckVerdict,
  noVerdict,
  recordVerdict,
} from "../quality/checks/verdict.ts";
import { checkName } from "../quality/plan.ts";
import { journalOfThread } from "../quality/thread_journal.ts";
import type { Engine } from "../sandbox/engine.ts";
import { meteredEngine } from "../sandbox/index.ts";
import { EffectGate } from "../toolbox/effect_gate.ts";
import { createToolHost, openGateway } from "../toolbox/tool_host.ts";
import { WorkDeadline } from "../toolbox/work_deadline.ts";
import type { BindingName } from "../tools/bindings.ts";
import { catalog } from "../tools/catalog.ts";
import type { Tool, ToolContext } from "../tools/define.ts";
import { modelsOfThread, type TaskSlice } from "./run_thread.ts";
import { policyOfThread } from "./threads.ts";

type Checking = Attempt & { kind: "checking" };

export async function runCheck(
  slice: TaskSlice,
  worker: ThreadMark,
  { answer, check }: Checking,
): Promise<LoopEnd | null> {
  const { open, prepared, plan } = slice;
  const bounds = boundsOf(prepared.spec.limits);
  const exhausted = exhaustedBudget(open.journal.used, bounds);
  if (exhausted !== null) {
    const message = budgetMessage(exhausted, bounds);
    return { kind: "failed", reason: exhausted, code: exhausted, message };
  }
  const about = { worker, check, name: checkName(plan, check.n) };
  const wanted = plan.checks[check.n - 1];
  if (wanted === undefined) return null;
  if ("judge" in wanted) return askJudge(slice, about, wanted.judge, answer.output);
  const { input } = prepared.spec;
  if ("code" in wanted) {
    const program = checkProgram(wanted.code, answer.output, input);
    return runProgram(slice, about, null, async (context) =>
      verdictOfRun(await context.runCode(program)),
    );
  }
  const tool = catalog.find(({ name }) => name === wanted.tool);
  return runProgram(slice, about, tool ?? null, (context) =>
    runToolCheck(tool, wanted.tool, { output: answer.output, input }, context),
  );
}

/** A program or a tool that only reads, over a copy of the workspace, within the rest of the task's budgets. */
async function runProgram(
  { config, task, open, prepared, signal }: TaskSlice,
  about: CheckOfAnswer,
  tool: Tool | null,
  run: (context: ToolContext<BindingName>) => Promise<CheckVerdict>,
): Promise<LoopEnd | null> {
  const thread = { ...about.worker, check: about.check };
  const journal = journalOfThread(open.journal, thread);
  const bounds = boundsOf(prepared.spec.limits);
  const deadline = new WorkDeadline(signal);
  // No step is started at the gate, so it lets no effect pass.
  const gate = new EffectGate(journal);
  const policy = policyOfThread(prepared.policy, thread);
  const workspace = open.threadOf(about.worker).workspace;
  const approvals = noApprovals;
  const { memory } = open;
  const work = { policy, bounds, journal, workspace, gate, deadline, approvals, memory };
  const gateway = openGateway(config, task, work);
  const engine = dataOnly(meteredEngine(config.env));
  const tools = tool === null ? [] : [tool];
  const toolHost = createToolHost(config, task, work, { engine, gateway, tools });
  const startedAt = Date.now();
  const context = toolHost.contextFor(callOf(about.name), journal.nextSeq, {
    hasIntent: false,
    isApproved: false,
  });
  gate.startReadOnlyStep();
  const verdict = await toolHost
    .runWithin(millisecondsLeft(journal.used, bounds), () => run(context))
    .catch((error: unknown) => {
      if (error instanceof StoreFault) throw error;
      return noVerdict(String(error));
    });
  if (signal.aborted) return { kind: "lost" };
  const { tool_calls: _, ...spent } = toolHost.drainUsage();
  const egress = toolHost.drainEgress();
  const fault = toolHost.sandboxFault();
  if (fault !== null) {
    // The engine broke, and the check is not to blame: it is a failure of its own kind, and no try of the check.
    journal.addUsage(spent);
    const end = endAfterWrite(await journal.write([], { seq: journal.nextSeq, rows: egress }));
    return end ?? { kind: "failure", failure: failure("sandbox_fault", fault) };
  }
  return recordVerdict(journal, about, verdict, {
    startedAt,
    spent: { ...spent, steps: 1 },
    egress,
    refused: toolHost.egressRefusal(),
  });
}

/** The files of the workspace were written by the agent: a check reads them and runs none of them. */
const dataOnly = (engine: Engine): Engine => ({
  ...engine,
  run: (program, ...rest) => engine.run({ ...program, dataOnly: true }, ...rest),
});

const callOf = (name: string): StepCall => ({
  id: "",
  provider_id: null,
  name,
  arguments_text: "",
  arguments: null,
  problem: null,
});

/** Asks the judge once. Its endpoint may make the task wait, which costs nothing. */
async function askJudge(
  slice: TaskSlice,
  about: CheckOfAnswer,
  judge: Judge,
  output: unknown,
): Promise<LoopEnd | null> {
  const { config, task, open, prepared, signal } = slice;
  const thread = { ...about.worker, check: about.check };
  const journal = journalOfThread(open.journal, thread);
  const startedAt = Date.now();
  const fail = (words: string) => recordVerdict(journal, about, noVerdict(words), { startedAt });
  const models = modelsOfThread(slice, thread);
  if (!models.ok) return fail(models.error.message);
  const steps = stepsOfThread(open.journal.steps, about.worker);
  const judged = { spec: prepared.spec, output, steps };
  const token = await verdictToken(judge, task.id, judged);
  const own = {
    id: task.id,
    bounds: boundsOf(prepared.spec.limits),
    lostClaims: task.lost_claims,
  };
  const { sliceMs } = config;
  const loopSlice = { journal, toolHost: noTools, approvals: noApprovals, signal, sliceMs };
  const end = await runLoop(judgeTask(judge, judged, token, own), models.value, loopSlice);
  switch (end.kind) {
    case "answered": {
      const answer = findWaitingAnswer(verdictForm, journal.steps);
      if (answer === null) return fail("The judge's verdict is not in the journal.");
      return recordVerdict(journal, about, verdictOfJudge(judge, answer, token), { startedAt });
    }
    case "failed":
      return end.reason.startsWith("budget_") ? end : fail(end.message);
    case "failure": {
      // Waiting for the judge's endpoint costs nothing; what else fails is a try of the check.
      const kind = classOf(end.failure);
      return kind === "give_back" || kind === "wait" ? end : fail(end.failure.message);
    }
    default:
      return end;
  }
}

const noTools: ToolHost = {
  tools: new Map(),
  contextFor: () => {
    throw new Error("a judge has no tools");
  },
  runWithin: (_ms, work) => work(),
  sandboxFault: () => null,
  checkpoint: async () => undefined,
  drainEgress: () => [],
  storeOutput: async () => {
    throw new Error("a judge has no tools");
  },
  egressRefusal: () => null,
  drainUsage: () => ({ tool_calls: 0 }),
};
