/**
 * Spans of a task's work on the platform's own tracing, which nests them by the asynchronous context and
 * exports them by OpenTelemetry. Where no request is traced, a span costs one property read: what it
 * would say is not even put together. No span carries a prompt, an answer, an argument or a URL.
 */

import { logBug } from "../../shared/log.ts";

/** What a span says: scalars alone, as the platform's do. */
export type Attributes = Record<string, string | number | boolean | undefined>;

/** A span while its work goes on. */
export interface OpenSpan {
  /** Adds what the work has shown; the attributes are made only where the span is kept. */
  note(attributes: () => Attributes): void;
  /** Says that the work failed, and by which code. */
  failed(code: string): void;
}

export interface Spans {
  /** Runs the work within a span of this name; it ends with the work, and fails where that rejects. */
  within<T>(
    name: string,
    attributes: () => Attributes,
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T>;
}

/** What is used of the platform's spans. */
export interface NativeSpan {
  readonly isTraced: boolean;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: "ok" | "error"; message?: string }): unknown;
}

export interface NativeTracing {
  enterSpan<T>(name: string, callback: (span: NativeSpan) => T): T;
}

const silent: OpenSpan = { note: () => {}, failed: () => {} };

/** For work that nobody traces: a replay, a test, a runtime without tracing. */
export const noSpans: Spans = { within: (_name, _attributes, work) => work(silent) };

export function spansOn(tracing: NativeTracing | undefined): Spans {
  if (tracing === undefined) return noSpans;
  return {
    within: (name, attributes, work) =>
      tracing.enterSpan(name, async (span) => {
        if (!span.isTraced) return work(silent);
        const open = openOn(span);
        open.note(attributes);
        try {
          return await work(open);
        } catch (error) {
          // The class alone: a message may quote what a model or an upstream said.
          open.failed(error instanceof Error ? error.name : "unknown");
          throw error;
        }
      }),
  };
}

function openOn(span: NativeSpan): OpenSpan {
  return {
    note: (attributes) => harmless(() => span.setAttributes(attributes())),
    failed: (code) =>
      harmless(() => {
        span.setAttributes({ "error.type": code });
        span.setStatus({ code: "error", message: code });
      }),
  };
}

/** What cannot be said costs the work nothing: the platform added these calls one by one. */
function harmless(say: () => unknown): void {
  try {
    say();
  } catch (error) {
    logBug("tracing", error);
  }
}
