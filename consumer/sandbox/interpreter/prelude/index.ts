import { connect, type HostCall } from "./bridge.ts";
import { installConsole } from "./console.ts";
import { installShapes } from "./shapes.ts";
import { start } from "./start.ts";

/** Builds the program's world and answers the function through which the host enters it. */
export default function boot(host: HostCall): (what: string, text: string, value: unknown) => void {
  connect(host);
  installShapes();
  installConsole(Date.now);

  return (what, text, value) => {
    if (what === "start") start(value as never, text, null, () => {});
  };
}
