/** `npm start`: the local fleet until Ctrl-C. */
import { startDevServer } from "./dev_server.ts";
import { modelNote } from "./settings.ts";

const port = Number(process.env.PORT ?? "8787");
if (!Number.isInteger(port) || port < 1 || port > 65_535) {
  console.error(`PORT is "${process.env.PORT}"; set it to a number from 1 to 65535.`);
  process.exit(2);
}

try {
  console.log("Starting the fleet …");
  const fleet = await startDevServer({
    port,
    stateDir: process.env.STATE_DIR ?? ".wrangler/state",
    environment: process.env,
    quiet: process.env.FLEET_VERBOSE === undefined,
    onHung() {
      console.error(
        "The runtime hung, as an endless loop in isolate-v8 makes it do locally, and was started again. " +
          "Tasks that ran in it lost an attempt.",
      );
    },
    onExit(code) {
      console.error(
        `The runtime ended by itself (${code}). Its output is in fleet.log of the state folder.`,
      );
      process.exit(1);
    },
  });
  const key = process.env.FLEET_API_KEY === undefined ? ` with the key "${fleet.key}"` : "";
  const model = process.env.MODEL ?? "rehearsal";
  console.log(`The fleet listens on ${fleet.url}${key}; tasks that name no model use "${model}".`);
  const note = modelNote(process.env);
  if (note !== null) console.log(note);
  console.log(`The dashboard is the same address in a browser.`);
  console.log(`The runtime's log is ${fleet.logFile}. Ctrl-C stops everything.`);
  let stops = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      stops += 1;
      if (stops > 1) process.exit(1);
      void fleet.stop().then(() => process.exit(0));
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
