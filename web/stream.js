// The event stream of a launch (contract 2.1), read with fetch: an EventSource would connect again when the server
// closes, and so start a second server where that does not know our ids.

const RETRIES = 6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect(url, lastId) {
  const headers = { Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) };
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { headers });
    if (answer.ok) return answer;
    // 429 and 5xx are worth another try (contract 1.4), everything else is final.
    if ((answer.status !== 429 && answer.status < 500) || attempt === RETRIES)
      throw Object.assign(new Error(`The server answered with status ${answer.status}.`), { final: true });
    await sleep(1000 * 2 ** attempt);
  }
}

// Yields each event of one connection with its id ("" where the server has none).
async function* read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let id = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("id: ")) id = line.slice(4);
        if (line.startsWith("data:")) yield { id, event: JSON.parse(line.slice(5)) };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// Yields each event as an object; who reads stops at the last one. A connection that is lost before that is made again,
// and with the id of the last event the server goes on behind it, in the same launch (decisions 31). Without an id, or
// after RETRIES connections without an event, the stream is over.
export async function* events(url) {
  let lastId = "";
  for (let lost = 0; ; lost++) {
    if (lost) await sleep(250 * 2 ** lost);
    try {
      for await (const { id, event } of read((await connect(url, lastId)).body ?? new Blob().stream())) {
        lastId = id;
        lost = 0;
        yield event;
      }
      if (!lastId) return;
    } catch (problem) {
      if (problem.final || !lastId || lost === RETRIES) throw problem;
    }
    if (lost === RETRIES) return;
  }
}
