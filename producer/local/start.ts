/** `npm start`: the local fleet until Ctrl-C. */
import { buildAll } from "./build.ts";
import { checkStart, startDevServer } from "./dev_server.ts";
import { endpointLine } from "./endpoint_line.ts";
import { modelHint } from "./settings.ts";

const port = Number(process.env.PORT ?? "8787");
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error(`PORT is "${process.env.PORT}": set it to a number from 1 to 65535.`);
  process.exit(2);
}

try {
  const stateDir = process.env.STATE_DIR || ".wrangler/state";
  await checkStart({ port, stateDir, environment: process.env });
  console.log("Starting the fleet …");
  await buildAll();
  const endpoint = endpointLine(process.env);
  const fleet = await startDevServer({
    port,
    stateDir,
    environment: process.env,
    quiet: process.env.FLEET_VERBOSE === undefined,
    onHung() {
      console.error(
        "The runtime hung and was restarted. Locally, an endless loop in isolate-v8 causes this. " +
          "Tasks that were running lost an attempt.",
      );
    },
    onExit(code) {
      console.error(
        `The runtime exited unexpectedly (exit code ${code}). See fleet.log in the state folder.`,
      );
      process.exit(1);
    },
  });
  const key = process.env.FLEET_API_KEY === undefined ? ` with the key "${fleet.key}"` : "";
  const model = process.env.MODEL ?? "rehearsal";
  console.log(`The fleet listens on ${fleet.url}${key}; tasks that name no model use "${model}".`);
  const hint = modelHint(process.env);
  if (hint !== null) console.log(hint);
  console.log("Open the same address in a browser for the dashboard.");
  console.log(`Log: ${fleet.logFile}. Ctrl-C stops the fleet.`);
  let stops = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      stops += 1;
      if (stops > 1) process.exit(1);
      void fleet.stop().then(() => process.exit(0));
    });
  }
  const line = await endpoint;
  if (line !== null) console.log(line);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
