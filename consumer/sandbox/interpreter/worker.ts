import { WorkerEntrypoint } from "cloudflare:workers";
import { sandboxLimits } from "../../../shared/limits.ts";
import type { RunLimits, RunOutcome } from "../engine.ts";
import { Run, type RunHost } from "./host/run.ts";
import { descriptionBytes, Session } from "./host/session.ts";
import image from "./interpreter.image.bin";
import wasm from "./interpreter.wasm";
import { readImage } from "./quickjs/image.ts";
import type { Machine, Template } from "./quickjs/machine.ts";
import { Machines } from "./quickjs/machines.ts";
import { type Prepared, transform } from "./transform/transform.ts";

/** Booted when the sandbox was built: no run ever touches it. */
const template: Template = {
  ...readImage(image),
  module: wasm,
  machines: new Machines<Machine>(
    sandboxLimits.bootPages,
    sandboxLimits.memoryBytesMax + descriptionBytes,
  ),
};

/**
 * A run as it crosses RPC. A small workspace comes along, because to ask for it costs as much as all the
 * rest of the crossing; null: it is asked for once the run has its turn, and not held in memory before.
 */
export interface RunRequest {
  code: string;
  files: ReadonlyMap<string, Uint8Array> | null;
  tools: readonly string[];
  readOnly: string | null;
  dataOnly: boolean;
  limits: RunLimits;
}

let running = 0;

/** The Worker inside the one stable Dynamic Worker: agents' code is data to it. */
export default class Interpreter extends WorkerEntrypoint {
  async run(request: RunRequest, host: RunHost): Promise<RunOutcome> {
    let unsentFiles = request.files;
    while (running >= sandboxLimits.programsAtOnceMax) {
      // The host learns that the turn has come because this asks for the files.
      unsentFiles = null;
      // Polled, because a promise that another request resolves would look like a hang.
      await scheduler.wait(2);
    }
    running += 1;
    try {
      const { code, tools, readOnly, dataOnly, limits } = request;
      const files = unsentFiles ?? (await host.files());
      const run = new Run(files, readOnly, limits, host);
      const session = new Session(code, transform(code), run, dataOnly);
      return await session.run(template, tools);
    } finally {
      running -= 1;
    }
  }

  /** Transforms the code only, for the engine that runs programs natively. */
  prepare(code: string): Prepared {
    return transform(code, "v8");
  }
}
