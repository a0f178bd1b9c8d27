import { op } from "../protocol.ts";
import { ask, signal } from "./bridge.ts";
import { inspect } from "./console/format.ts";
import { explain, framesOf } from "./errors.ts";
import { ExitRequest, emitProcess } from "./node/process.ts";
import { flushOutput } from "./node/process_streams.ts";

/** Describes the error that ended the program. If one of its getters throws, the description is shorter. */
export function fail(error: unknown, event: "uncaughtException" | "unhandledRejection"): void {
  if (error instanceof ExitRequest) {
    emitProcess("exit", error.code);
    flushOutput();
    if (error.code === 0) return void ask(op.exit, null);
  } else {
    try {
      explain(error);
      const isHandled =
        (event === "unhandledRejection" && emitProcess(event, error, undefined)) ||
        emitProcess("uncaughtException", error, event);
      // A handler lets the program continue, although its main part has ended.
      if (isHandled) return void ask(op.done, null);
    } catch (thrown) {
      report(thrown);
      return;
    }
  }
  report(error);
}

function report(error: unknown): void {
  signal(op.failing);
  let name = "Error";
  let message = "";
  let stack = "";
  try {
    flushOutput();
    if (error instanceof Error) {
      explain(error);
      name = String(error.name || "Error");
      message = String(error.message);
      const cause = error.cause === undefined ? "" : `\n[cause]: ${inspect(error.cause)}`;
      stack = framesOf(error) + cause;
    } else {
      name = "Uncaught";
      message = typeof error === "string" ? error : inspect(error);
    }
  } catch {
    message = message || "The error could not be read.";
  }
  ask(op.failed, { name, message, stack });
}
