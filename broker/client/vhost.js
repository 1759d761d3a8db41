// What makes /VHOST/webrocket.js of /webrocket.js: a connection to that vhost, by the way that the
// script itself came.
(() => {
  const script = document.currentScript;
  if (!script) throw new Error('WebRocket: /VHOST/webrocket.js is for <script src>; modules import /webrocket.mjs');
  const url = new URL(script.src);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.pathname = url.pathname.replace(/\/webrocket\.js$/, '');
  url.search = url.hash = url.username = url.password = '';
  globalThis.$wr = new WebRocket(url.href);
})();
