import { WorkerEntrypoint } from "cloudflare:workers";
import { createRequire } from "node:module";
import { sandboxLimits } from "../../../shared/limits.ts";
import type { RunError, RunLimits, RunOutcome } from "../engine.ts";
import { limitError } from "../limit_error.ts";
import type { Answer } from "./host/calls.ts";
import { Operations } from "./host/operations/index.ts";
import { Run, type RunHost, type World } from "./host/run.ts";
import type { Due } from "./host/timers.ts";
import { connect } from "./prelude/bridge.ts";
import { bootNative, type NativeDispatch } from "./prelude/native.ts";
import program from "./program.js";
import { op } from "./protocol.ts";
import type { Columns } from "./transform/columns.ts";
import { Explanations } from "./transform/explain.ts";

/** A native run as it crosses RPC; its program is a module of the Worker. */
export interface NativeRequest {
  tools: readonly string[];
  readOnly: string | null;
  columns: Columns;
  isModule: boolean;
  limits: RunLimits;
}

/** One native run: the program is a module of this Worker, which is gone afterwards. */
export default class Native extends WorkerEntrypoint {
  async run(request: NativeRequest, host: RunHost): Promise<RunOutcome> {
    const run = new Run(await host.files(), request.readOnly, request.limits, host);
    const operations = new Operations({
      dataOnly: false,
      workspace: run.workspace,
      explanations: new Explanations("", null),
      charge: () => {},
      fuelLeft: () => Number.MAX_SAFE_INTEGER,
    });
    connect((code, text, value) => {
      const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : null;
      if (code === op.failing) return undefined;
      if (code === op.call) return run.calls.start(text, bytes);
      if (run.record(code, text)) return run.calls.wakeUp();
      const answer = operations.answer(code, text, bytes);
      return answer instanceof Uint8Array ? answer.slice().buffer : answer;
    });
    const dispatch = bootNative(createRequire("/"));
    const { tools, columns, isModule } = request;
    dispatch("start", JSON.stringify({ tools, columns, isModule }), program);
    const error = await run.loop(new NativeWorld(dispatch, run));
    run.calls.close();
    return run.outcome(error, 0);
  }
}

/** The isolate runs its jobs and timers itself. The loop only waits until they have no more work. */
class NativeWorld implements World {
  readonly #dispatch: NativeDispatch;
  readonly #run: Run;

  constructor(dispatch: NativeDispatch, run: Run) {
    this.#dispatch = dispatch;
    this.#run = run;
  }

  ready(): undefined {}

  turn(): undefined {}

  deliver({ text, bytes }: Answer): void {
    this.#dispatch("answer", text, bytes?.slice().buffer);
  }

  fire(): void {}

  nextTimer(): Due {
    const isWaiting = !this.#run.isSettled || this.#dispatch.timers() > 0;
    return isWaiting ? { kind: "wait", ms: sandboxLimits.nativePollMs } : { kind: "none" };
  }

  stallError(): RunError {
    return limitError("stalled");
  }

  end(): void {
    this.#dispatch("end", "", null);
  }
}
