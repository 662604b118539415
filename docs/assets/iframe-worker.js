// Browsers start no worker from a file. Where the site is opened from the disk, its search runs in an iframe
// instead, so that nothing has to be fetched from elsewhere.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => {
        const message = new MessageEvent("message", { data });
        this.dispatchEvent(message);
        this.onmessage?.(message);
      };
      this.ready = new Promise((loaded) => {
        const script = this.inside.document.createElement("script");
        script.src = new URL(url, location.href);
        script.onload = loaded;
        this.inside.document.body.append(script);
      });
    }
    postMessage(data) {
      this.ready.then(() => {
        const message = new this.inside.MessageEvent("message", { data });
        this.inside.dispatchEvent(message);
        this.inside.onmessage?.(message);
      });
    }
  };
}
