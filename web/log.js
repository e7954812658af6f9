// The live log: bounded, drawn once a frame, following its end unless the reader has scrolled away.

const LINES_MAX = 5000;
const ANSI = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

export function liveLog(details) {
  const pre = details.querySelector("pre");
  const count = details.querySelector(".count");
  let lines = 0;
  let waiting = [];

  function draw() {
    const following = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
    pre.append(waiting.join(""));
    lines += waiting.length;
    waiting = [];
    while (pre.childNodes.length > 1 && lines > LINES_MAX) {
      lines -= pre.firstChild.data.split("\n").length - 1;
      pre.firstChild.remove();
    }
    count.textContent = `(${lines} lines)`;
    if (following) pre.scrollTop = pre.scrollHeight;
  }

  details.addEventListener("toggle", () => { pre.scrollTop = pre.scrollHeight; });
  return (text) => {
    if (!waiting.length) requestAnimationFrame(draw);
    waiting.push(text.replace(ANSI, "").replace(/\r(?!\n)/g, "\n"));
  };
}
