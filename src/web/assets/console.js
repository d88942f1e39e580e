// Comfort only: every page does its work without this file. Drafts survive a dropped connection; uploads show how far
// they are.
(function () {
  "use strict";
  document.querySelectorAll("form[data-draft]").forEach(function (form) {
    var key = "draft:" + form.getAttribute("data-draft");
    var fields = function () {
      return Array.prototype.filter.call(form.elements, function (field) {
        return field.name && field.type !== "file" && field.type !== "submit" && field.name !== "receipt";
      });
    };
    var refused = document.querySelector(".refused") !== null;
    try {
      var kept = JSON.parse(localStorage.getItem(key) || "null");
      if (kept && !refused) {
        fields().forEach(function (field, n) {
          if (kept[n] === undefined) { return; }
          if (field.type === "checkbox") { field.checked = kept[n]; } else { field.value = kept[n]; }
        });
      }
    } catch (ignored) { localStorage.removeItem(key); }
    form.addEventListener("input", function () {
      try {
        localStorage.setItem(key, JSON.stringify(fields().map(function (field) {
          return field.type === "checkbox" ? field.checked : field.value;
        })));
      } catch (ignored) { /* no room: the form still works */ }
    });
    form.addEventListener("submit", function (event) {
      var files = form.querySelector("input[type=file]");
      var bar = form.querySelector(".progress");
      if (!files || !files.files.length || !bar || !window.FormData) { return; }
      event.preventDefault();
      var request = new XMLHttpRequest();
      request.open("POST", form.action || location.href);
      bar.hidden = false;
      request.upload.onprogress = function (at) {
        if (at.lengthComputable) { bar.querySelector("progress").value = Math.round(100 * at.loaded / at.total); }
      };
      request.onload = function () {
        if (request.status >= 200 && request.status < 300) { localStorage.removeItem(key); location.href = request.responseURL; return; }
        var page = new DOMParser().parseFromString(request.responseText, "text/html");
        document.querySelector("main").replaceWith(document.importNode(page.querySelector("main"), true));
        window.scrollTo(0, 0);
      };
      request.onerror = function () {
        bar.hidden = true;
        window.alert("连接中断，内容已保留在本机，请稍后重新提交。");
      };
      request.send(new FormData(form));
    });
  });
  // The review queue by keyboard: j and k walk, a accepts the one in focus, r goes to its reason. Each key presses what
  // stands on the page as a button too.
  var queue = Array.prototype.slice.call(document.querySelectorAll("[data-review]"));
  if (queue.length) {
    var sent = false;
    var current = function () {
      return queue.filter(function (one) { return one.contains(document.activeElement); })[0];
    };
    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) { return; }
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
        if (event.key === "Escape" && current()) { current().focus(); }
        return;
      }
      var here = current();
      var at = queue.indexOf(here);
      var target = null;
      if (event.key === "j") { target = queue[Math.min(at + 1, queue.length - 1)]; }
      if (event.key === "k") { target = queue[Math.max(at - 1, 0)]; }
      if (event.key === "a" && here && !sent) {
        sent = true;
        here.querySelector("[data-accept] button").click();
      }
      if (event.key === "r" && here) {
        here.querySelector("[data-return]").open = true;
        target = here.querySelector("[data-return] textarea");
      }
      if (target) { event.preventDefault(); target.focus(); }
    });
    // After a verdict the next one is at hand.
    if (document.querySelector(".done")) { queue[0].focus(); }
  }
  if (document.querySelector(".receipt")) {
    Object.keys(localStorage).forEach(function (key) {
      if (key.indexOf("draft:file-") === 0) { localStorage.removeItem(key); }
    });
  }
})();
