// The worker that runs the engine: a search for causes takes up to two seconds, and the page goes on meanwhile.

import load, { explain, providers, read_request, read_scheme, sample, sample_secret } from "keystile-debugger";

import type { Answer, Question, Questions } from "./messages";

type Said = Questions[keyof Questions]["answer"];

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Question>) => void) | null;
  postMessage: (answer: Answer) => void;
};

let loaded: Promise<unknown> | undefined;

scope.onmessage = ({ data }) => {
  void answered(data).then(
    (answer) => scope.postMessage({ id: data.id, answer }),
    (error: unknown) => {
      const trapped = error instanceof WebAssembly.RuntimeError;
      const sentence = error instanceof Error ? error.message : String(error);
      scope.postMessage({ id: data.id, error: trapped ? `The engine stopped: ${sentence}. It was started anew.` : sentence, trapped });
    },
  );
};

async function answered(question: Question): Promise<Said> {
  if (question.name === "start") loaded = load({ module_or_path: question.argument.module });
  await loaded;
  switch (question.name) {
    case "start":
      return JSON.parse(providers()) as Said;
    case "explain":
      return JSON.parse(explain(JSON.stringify(question.argument.request), question.argument.body)) as Said;
    case "scheme":
      return JSON.parse(read_scheme(question.argument.text)) as Said;
    case "request":
      return JSON.parse(read_request(question.argument.text)) as Said;
    case "sample":
      return JSON.parse(sample(JSON.stringify(question.argument.request))) as Said;
    case "secret":
      return sample_secret(JSON.stringify(question.argument.scheme), question.argument.random) ?? null;
  }
}
