// The event stream of a launch (contract 2.1), read with fetch: an EventSource would connect again when the server
// closes, and so start a second server.

const RETRIES = 4;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect(url) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { headers: { Accept: "text/event-stream" } });
    if (answer.ok) return answer;
    // 429 and 5xx are worth another try (contract 1.4), everything else is final.
    if ((answer.status !== 429 && answer.status < 500) || attempt === RETRIES)
      throw new Error(`The server answered with status ${answer.status}.`);
    await sleep(1000 * 2 ** attempt);
  }
}

// Yields each event as an object, until the server closes.
export async function* events(url) {
  const answer = await connect(url);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
