import { WorkerEntrypoint } from "cloudflare:workers";
import { createRequire } from "node:module";
import { sandboxLimits } from "../../../shared/limits.ts";
import type { RunLimits, RunOutcome } from "../engine.ts";
import { limitError } from "../limit_error.ts";
import { Calls } from "./host/calls.ts";
import { Lines } from "./host/lines.ts";
import { Operations } from "./host/operations.ts";
import { connect } from "./prelude/bridge.ts";
import { bootNative } from "./prelude/native.ts";
import program from "./program.js";
import { op } from "./protocol.ts";
import type { RunHost } from "./host/session.ts";
import { cut, parsed, thrownError } from "./host/outcome.ts";
import { lockedIn, Workspace } from "./host/workspace.ts";

/** A native run as it crosses RPC; its program is a module of the Worker. */
export interface NativeRequest {
  tools: readonly string[];
  readOnly: string | null;
  shift: number;
  limits: RunLimits;
}

/** One native run: the program is a module of this Worker, which is gone afterwards. */
export default class Native extends WorkerEntrypoint {
  async run(request: NativeRequest, host: RunHost): Promise<RunOutcome> {
    const startedAt = Date.now();
    const { limits } = request;
    const workspace = new Workspace(await host.files(), lockedIn(request.readOnly));
    const operations = new Operations(workspace, () => {});
    const logs = new Lines(limits.logBytes);
    const calls = new Calls(host, workspace);
    const ended = Promise.withResolvers<RunOutcome["error"]>();
    let value: string | null = null;

    connect((code, text, bytes) => {
      const given = bytes ? new Uint8Array(bytes) : null;
      switch (code) {
        case op.log:
          logs.add(parsed(text));
          return undefined;
        case op.done: {
          const shown = parsed(text);
          value = typeof shown === "string" ? cut(shown, limits.valueBytes) : null;
          return ended.resolve(null);
        }
        case op.failing:
          return undefined;
        case op.failed:
          return ended.resolve(thrownError(parsed(text)));
        case op.exit:
          return ended.resolve(null);
        case op.call:
          return calls.start(text, given);
        default: {
          const answer = operations.answer(code, text, given);
          return answer instanceof Uint8Array ? answer.slice().buffer : answer;
        }
      }
    });
    const dispatch = bootNative(createRequire("/"));
    dispatch("start", JSON.stringify({ tools: request.tools, shift: request.shift }), program);

    let error: RunOutcome["error"] | undefined;
    void ended.promise.then((reason) => {
      error = reason;
      calls.wakeUp();
    });
    while (
      error === undefined ||
      (error === null && (calls.pending > 0 || dispatch.timers() > 0))
    ) {
      const left = limits.wallMs - (Date.now() - startedAt);
      if (left <= 0 || calls.wasAborted) {
        error = limitError(left <= 0 ? "deadline" : "aborted");
        break;
      }
      const answer = calls.takeAnswer();
      if (answer) dispatch("answer", answer.text, answer.bytes?.slice().buffer);
      else await calls.wait(Math.min(left, sandboxLimits.nativePollMs));
    }
    calls.close();
    const keeps = error === null || error.kind === "thrown";
    return {
      value: error ? null : value,
      logs: logs.text(),
      error,
      changes: keeps ? workspace.changes : new Map(),
      usage: { fuel: 0, hostCalls: calls.started, durationMs: Date.now() - startedAt },
    };
  }
}
