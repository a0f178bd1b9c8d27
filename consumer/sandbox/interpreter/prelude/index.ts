import { op } from "../protocol.ts";
import { installAbort } from "./web/abort.ts";
import { ask, connect, define, type HostCall } from "./bridge.ts";
import { installBuffer } from "./node/buffer.ts";
import { installClone } from "./web/clone.ts";
import { installConsole } from "./console/console.ts";
import { installCrypto, installRandom } from "./node/crypto.ts";
import { installFetch } from "./web/fetch.ts";
import { installIntl } from "./language/intl.ts";
import { builtinModules, makeLoader } from "./node/modules.ts";
import { answered, fired } from "./pending.ts";
import { installPolyfills } from "./language/polyfills.ts";
import { installProcess } from "./node/process.ts";
import { installShapes } from "./console/shapes.ts";
import { start } from "./start.ts";
import { installText } from "./web/text.ts";
import { installTimers } from "./web/timers.ts";
import { defineTools } from "./tools.ts";
import { installUrl } from "./web/url.ts";

/** Builds the program's world and answers the function through which the host enters it. */
export default function boot(host: HostCall): (what: string, text: string, value: unknown) => void {
  connect(host);
  installPolyfills();
  installShapes();
  installAbort();
  installText();
  installUrl();
  installFetch();
  installClone();
  installBuffer();
  installIntl();
  installRandom();
  const console = installConsole(Date.now);
  const builtins = builtinModules({
    console,
    crypto: installCrypto(),
    timers: installTimers(),
    ...installProcess((line) => void ask(op.log, line)),
  });
  // Models use `fs` without importing it; a program's own `const fs` takes its place.
  define(globalThis, { global: globalThis, self: globalThis, fs: builtins.get("fs") });
  const { load } = makeLoader(builtins);
  return (what, text, value) => {
    switch (what) {
      case "start":
        return start(value as never, text, load, defineTools);
      case "answer":
        return answered(text, value as ArrayBuffer | undefined);
      case "timer":
        return fired(Number(text));
    }
  };
}
