/** The inputs and outputs of a step, rendered only when the step is opened. */
import type { Step } from "../../../data/responses.ts";
import { UntrustedSection } from "../../../parts/untrusted_text.tsx";
import { formatValue, visibleLine } from "../../../text/visible.ts";
import { argumentsText, modelOutput } from "./step_text.ts";

export function StepDetails({ id, step }: { id: string; step: Step }) {
  const file = `${id}.step-${step.seq}`;
  return (
    <div class="step-body">
      {step.kind === "tool" ? (
        <ToolDetails step={step} file={file} />
      ) : (
        <ModelDetails step={step} file={file} />
      )}
    </div>
  );
}

interface DetailsProps {
  step: Step;
  /** How the names of downloads start. */
  file: string;
}

function ToolDetails({ step, file }: DetailsProps) {
  return (
    <>
      <UntrustedSection
        title="Arguments"
        text={argumentsText(step.input)}
        file={`${file}.arguments.json`}
      />
      <UntrustedSection
        title="Output"
        text={formatValue(step.output)}
        file={`${file}.output.txt`}
      />
      {step.note !== undefined && (
        <UntrustedSection title="Note to the model" text={step.note} file={`${file}.note.txt`} />
      )}
      {step.files !== undefined && (
        <p class="note">Changed: {visibleLine(Object.keys(step.files).join(", "), 400)}</p>
      )}
    </>
  );
}

function ModelDetails({ step, file }: DetailsProps) {
  const { text = "", reasoning = "", calls = [], finish, error, times } = modelOutput(step);
  return (
    <>
      {error !== undefined && (
        <UntrustedSection
          title={times === undefined ? "Error" : `Error, ${times} times in a row`}
          text={formatValue(error)}
          file={`${file}.error.json`}
        />
      )}
      {reasoning !== "" && (
        <UntrustedSection title="Reasoning" text={reasoning} file={`${file}.reasoning.txt`} />
      )}
      {text !== "" && <UntrustedSection title="Text" text={text} file={`${file}.text.txt`} />}
      {calls.map(({ name, arguments: args, problem }, n) => (
        <UntrustedSection
          key={`${name} ${n}`}
          title={`Call of ${visibleLine(name, 80)}${problem === undefined ? "" : ": rejected"}`}
          text={argumentsText(args) + (problem === undefined ? "" : `\n\n${problem}`)}
          file={`${file}.call-${n + 1}.json`}
        />
      ))}
      <UntrustedSection
        title="Model request"
        text={formatValue(step.input)}
        file={`${file}.input.json`}
      />
      {finish !== undefined && <p class="note">Finish reason: {visibleLine(finish, 40)}</p>}
    </>
  );
}
