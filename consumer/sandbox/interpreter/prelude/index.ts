import { op } from "../protocol.ts";
import { ask, connect, define, defineLazily, type HostCall } from "./bridge.ts";
import { installConsole } from "./console/console.ts";
import { useFormatter } from "./console/format.ts";
import { installErrors } from "./errors.ts";
import { installCollation } from "./language/collation.ts";
import { installIntl } from "./language/intl/index.ts";
import { installLanguage } from "./language/polyfills.ts";
import { adoptProcess, bootLibrary, nodeModule } from "./library/realm.ts";
import { installIterators, installProxies } from "./library/util_binding.ts";
import { builtinModules } from "./modules/builtins.ts";
import { Loader } from "./modules/loader.ts";
import { getRandomValues, installRandom, makeCrypto, randomUUID } from "./node/crypto.ts";
import { installProcess } from "./node/process.ts";
import { deliverAnswer, fireTimer } from "./pending.ts";
import { end, start } from "./start.ts";
import { defineTools } from "./tools.ts";
import { installClone } from "./web/clone.ts";
import { installFetch } from "./web/fetch.ts";
import { installMessages } from "./web/messages.ts";
import { CryptoKey, makeWebCrypto, SubtleCrypto } from "./web/subtle.ts";
import { installTimers } from "./web/timers.ts";

type Dispatch = (event: string, text: string, value: unknown) => void;

/** Builds the program's world and returns the function through which the host enters it. */
export default function boot(host: HostCall): Dispatch {
  connect(host);
  installLanguage();
  installErrors();
  installProxies();
  installIterators();
  bootLibrary();
  const { inspect, formatWithOptions, getStringWidth } = nodeModule(
    "internal/util/inspect",
  ) as never as {
    inspect: (value: unknown, options?: object) => string;
    formatWithOptions: (options: object, ...values: unknown[]) => string;
    getStringWidth: (text: string) => number;
  };
  useFormatter({
    inspect,
    format: (...values) => formatWithOptions({}, ...values),
    width: getStringWidth,
  });
  installWeb();
  const timers = installTimers();
  installFetch();
  installClone();
  installMessages();
  installIntl();
  installCollation();
  installRandom();
  const console = installConsole(Date.now);
  const webcrypto = makeWebCrypto({ getRandomValues, randomUUID });
  define(globalThis, { crypto: webcrypto, SubtleCrypto, CryptoKey });
  const { process, performance } = installProcess({
    EventEmitter: nodeModule("events") as never,
    stream: () => nodeModule("stream") as never,
    print: (line) => void ask(op.log, line),
  });
  adoptProcess(process);
  const builtins = builtinModules({
    console,
    crypto: makeCrypto(webcrypto),
    timers,
    process,
    performance,
  });
  // Models use `fs` without importing it; a program's own `const fs` shadows the global.
  define(globalThis, { global: globalThis, fs: builtins.get("fs") });
  const loader = new Loader(builtins);
  loader.install();
  return (event, text, value) => {
    switch (event) {
      case "start":
        return start(value as never, text, loader, defineTools);
      case "answer":
        return deliverAnswer(text, value as ArrayBuffer | undefined);
      case "timer":
        return fireTimer(Number(text));
      case "end":
        return end();
    }
  };
}

/** Installs the web classes that are Node's own JavaScript. Rarely used ones are evaluated at first use. */
function installWeb(): void {
  const { Buffer, atob, btoa } = nodeModule("buffer");
  const { URL, URLSearchParams } = nodeModule("internal/url");
  const { Event, EventTarget, CustomEvent } = nodeModule("internal/event_target");
  const { DOMException } = nodeModule("internal/per_context/domexception");
  define(globalThis, {
    Buffer,
    atob,
    btoa,
    URL,
    URLSearchParams,
    Event,
    EventTarget,
    CustomEvent,
    DOMException,
  });
  const lazy: Record<string, string[]> = {
    "internal/abort_controller": ["AbortController", "AbortSignal"],
    "internal/encoding": ["TextEncoder", "TextDecoder"],
    "internal/webstreams/readablestream": [
      "ReadableStream",
      "ReadableStreamDefaultReader",
      "ReadableStreamBYOBReader",
      "ReadableStreamDefaultController",
      "ReadableByteStreamController",
      "ReadableStreamBYOBRequest",
    ],
    "internal/webstreams/writablestream": [
      "WritableStream",
      "WritableStreamDefaultWriter",
      "WritableStreamDefaultController",
    ],
    "internal/webstreams/transformstream": ["TransformStream", "TransformStreamDefaultController"],
    "internal/webstreams/queuingstrategies": ["ByteLengthQueuingStrategy", "CountQueuingStrategy"],
    "internal/webstreams/encoding": ["TextEncoderStream", "TextDecoderStream"],
    "internal/webstreams/compression": ["CompressionStream", "DecompressionStream"],
  };
  for (const [id, names] of Object.entries(lazy)) {
    defineLazily(
      globalThis,
      Object.fromEntries(names.map((name) => [name, () => nodeModule(id)[name]])),
    );
  }
}
