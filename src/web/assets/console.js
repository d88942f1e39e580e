// Comfort only: every page does its work without this file. What is typed survives a dropped connection, for the day and
// until one signs out; uploads show how far they are, and what a gateway answers in our stead is said in words.
(function () {
  "use strict";
  var all = function (css, within) { return Array.prototype.slice.call((within || document).querySelectorAll(css)); };
  var made = function (tag, text, attributes) {
    var element = document.createElement(tag);
    element.textContent = text;
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    return element;
  };

  // Drafts: what stands in a form, by name and value. Each is one person's and of one day.
  var PREFIX = "draft:";
  var left = false;
  var who = (document.querySelector(".who") || {}).textContent || "";
  var today = document.body.getAttribute("data-day") || "";
  var kept = function (key) {
    try {
      var draft = JSON.parse(localStorage.getItem(key));
      return draft && draft.who === who && draft.day === today && draft.fields && draft.ticked ? draft : null;
    } catch (unreadable) { return null; }
  };
  var keep = function (key, draft) {
    try { if (!left) { localStorage.setItem(key, JSON.stringify(draft)); } } catch (full) { /* the form still works */ }
  };
  var forget = function (which) {
    try {
      Object.keys(localStorage).forEach(function (key) {
        if (key.indexOf(PREFIX) === 0 && which(key)) { localStorage.removeItem(key); }
      });
    } catch (forbidden) { /* then there are none */ }
  };
  var leave = function () {
    left = true;
    forget(function () { return true; });
  };
  // Another's, or of another day. Where nobody is signed in nothing is known of either.
  if (who) { forget(function (key) { return kept(key) === null; }); }
  all("form.leave").forEach(function (form) {
    form.addEventListener("submit", function () {
      leave();
      // Whoever writes on in another window keeps nothing there either.
      try { localStorage.setItem("left", "1"); localStorage.removeItem("left"); } catch (forbidden) { /* as above */ }
    });
  });
  window.addEventListener("storage", function (event) {
    if (event.key === "left" && event.newValue) { leave(); }
  });
  // What has been received is no draft any more.
  all(".receipt").forEach(function (receipt) {
    forget(function (key) { return (kept(key) || {}).receipt === receipt.textContent; });
  });

  var fields = function (form) {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.name && !field.readOnly && !/^(file|submit|button|hidden|password)$/.test(field.type);
    });
  };
  var ticks = function (field) { return field.type === "checkbox" || field.type === "radio"; };
  var receipt = function (form, number) {
    var field = form.querySelector("input[name=receipt]");
    if (field && number) {
      field.value = number;
      all("[data-receipt]", form).forEach(function (shown) { shown.textContent = number; });
    }
    return field ? field.value : "";
  };
  var files = function (form) { return form.querySelector("input[type=file]"); };
  var draft = function (form) {
    var now = new Date();
    var two = function (n) { return (n < 10 ? "0" : "") + n; };
    var chosen = files(form) ? Array.prototype.map.call(files(form).files, function (file) { return file.name; }) : [];
    var one = { who: who, day: today, at: two(now.getHours()) + ":" + two(now.getMinutes()), receipt: receipt(form),
      files: chosen, fields: {}, ticked: [] };
    fields(form).forEach(function (field) {
      if (!ticks(field)) {
        (one.fields[field.name] = one.fields[field.name] || []).push(field.value);
      } else if (field.checked) { one.ticked.push(field.name + "=" + field.value); }
    });
    return one;
  };
  var fill = function (form, draft) {
    var last = {};
    fields(form).forEach(function (field) {
      if (ticks(field)) {
        field.checked = draft.ticked.indexOf(field.name + "=" + field.value) >= 0;
        // What is ticked is seen.
        if (field.checked && field.closest("details")) { field.closest("details").open = true; }
      } else if (draft.fields[field.name]) {
        field.value = draft.fields[field.name].shift() || "";
        last[field.name] = field;
      }
    });
    // Fewer fields of a name than there were: nothing that was typed is lost.
    Object.keys(last).forEach(function (name) {
      var more = draft.fields[name].filter(function (value) { return value; });
      if (more.length) { last[name].value = [last[name].value].concat(more).join("、"); }
    });
    receipt(form, draft.receipt);
  };
  var restore = function (form, key) {
    var own = receipt(form);
    var draft = kept(key);
    if (!draft) { return; }
    fill(form, draft);
    var again = draft.files && draft.files.length ? "当时所选文件（" + draft.files.join("、") + "）须重新选择。" : "";
    var said = made("p", "已恢复今天" + draft.at + "填写的草稿。" + again + " ", { "class": "done", "role": "status" });
    var drop = made("button", "放弃", { "type": "button", "class": "plain", "data-drop": "" });
    drop.addEventListener("click", function () {
      forget(function (other) { return other === key; });
      form.reset();
      receipt(form, own);
      said.remove();
      form.querySelector("input:not([type=hidden]), textarea").focus();
    });
    said.appendChild(drop);
    form.parentNode.insertBefore(said, form);
  };

  // What may be uploaded is told before it is sent.
  var size = function (bytes) { return (bytes / 1e6).toFixed(1).replace(/\.0$/, "") + " MB"; };
  var tooMuch = function (input) {
    var chosen = Array.prototype.slice.call(input.files);
    var limit = function (name) { return Number(input.getAttribute("data-" + name)) || Infinity; };
    var sum = chosen.reduce(function (sum, file) { return sum + file.size; }, 0);
    var words = chosen.filter(function (file) { return file.size > limit("each"); }).map(function (file) {
      return "“" + file.name + "”有" + size(file.size) + "，每个不超过" + size(limit("each")) + "。";
    });
    if (chosen.length > limit("most")) { words.push("选了" + chosen.length + "个文件，至多" + limit("most") + "个。"); }
    if (sum > limit("all")) { words.push("合计" + size(sum) + "，不超过" + size(limit("all")) + "。"); }
    return words.join("");
  };
  // Says above a form why it was not done; the form stays as it is, its files too.
  var say = function (form, words, link) {
    all("[data-said]").forEach(function (before) { before.remove(); });
    var said = made("div", "", { "class": "refused", "role": "alert", "tabindex": "-1", "data-said": "" });
    said.appendChild(made("p", words + "所填内容和所选文件都还在本页。"));
    if (link) {
      var line = made("p", "");
      line.appendChild(made("a", link, { "href": location.href, "target": "_blank" }));
      said.appendChild(line);
    }
    form.parentNode.insertBefore(said, form);
    said.focus();
  };
  // An answer that is not ours comes from the gateway, or from a page of its own.
  var sayGateway = function (form, status) {
    var again = "请再按一次按钮：同一回执号不会重复计入。";
    var signIn = "在新窗口打开本系统";
    if (status === 413) {
      say(form, "单位的网关不接受这么大的内容（413），没有送到本系统。请减少或压缩文件，分几次报送；管理员可照手册调大网关的上限。");
    } else if (status === 502 || status === 503) {
      say(form, "单位的网关联系不上本系统（" + status + "）。请稍后" + again);
    } else if (status === 504 || status === 408) {
      say(form, "单位的网关等候超时（" + status + "），系统可能已经收到。" + again);
    } else if (status === 0) {
      say(form, "没有收到答复：连接中断，或单位的网关要求重新登录。请稍后" + again, signIn);
    } else {
      say(form, "收到的不是本系统的答复（" + status + "），多半是单位的网关要求重新登录。请登录后回到本页，" + again, signIn);
    }
  };
  // Shows a refusal in place of the form, with the files that were chosen.
  var swap = function (form, main, key) {
    var own = document.importNode(main, true);
    var next = all("form[data-draft]", own).filter(function (other) { return PREFIX + other.getAttribute("data-draft") === key; })[0];
    if (files(form) && files(next) && files(form).files.length) {
      files(next).parentNode.replaceChild(files(form), files(next));
      all("[data-again]", next).forEach(function (said) { said.remove(); });
    }
    document.querySelector("main").replaceWith(own);
    all("form[data-draft]").forEach(bind);
    window.scrollTo(0, 0);
    own.focus();
  };
  var answered = function (form, key, request) {
    var page = new DOMParser().parseFromString(request.responseText, "text/html");
    var main = page.querySelector("html[data-duban] main");
    var done = request.status >= 200 && request.status < 300;
    if (!main) { return sayGateway(form, request.status); }
    if (done && !main.querySelector("#password")) {
      forget(function (other) { return other === key; });
      location.href = request.responseURL;
    } else if (main.querySelector("form[data-draft]")) {
      swap(form, main, key);
    } else if (done || request.status === 401) {
      say(form, "尚未登录，或登录已过期。请登录后回到本页再按一次按钮。", "在新窗口登录");
    } else {
      say(form, (main.querySelector("[role=alert]") || main).textContent.trim());
    }
  };
  var send = function (form, key, pressed) {
    var bar = form.querySelector(".progress");
    var content = new FormData(form);
    if (pressed && pressed.name) { content.append(pressed.name, pressed.value); }
    var request = new XMLHttpRequest();
    var ended = function () {
      form.removeAttribute("data-sending");
      if (bar) { bar.hidden = true; }
    };
    request.open("POST", form.getAttribute("action") || location.href);
    form.setAttribute("data-sending", "");
    if (bar && files(form) && files(form).files.length) {
      var label = bar.querySelector("label");
      label.textContent = "上传";
      bar.hidden = false;
      request.upload.onprogress = function (at) {
        if (at.lengthComputable) { bar.querySelector("progress").value = Math.round(100 * at.loaded / at.total); }
      };
      request.upload.onload = function () { label.textContent = "已传完，等待系统收下"; };
    }
    request.onload = function () { ended(); answered(form, key, request); };
    request.onerror = function () { ended(); sayGateway(form, 0); };
    request.send(content);
  };
  var bind = function (form) {
    var key = PREFIX + form.getAttribute("data-draft");
    var pressed = null;
    var save = function () { keep(key, draft(form)); };
    form.addEventListener("input", save);
    form.addEventListener("change", save);
    if (files(form)) {
      files(form).addEventListener("change", function () {
        files(form).setCustomValidity(tooMuch(files(form)));
        files(form).reportValidity();
      });
    }
    form.addEventListener("click", function (event) {
      if (event.target.type === "submit") { pressed = event.target; }
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (!form.hasAttribute("data-sending")) { send(form, key, pressed); }
    });
  };
  // What was refused comes back with what was typed; it is not written over.
  var refused = document.querySelector(".refused") !== null;
  all("form[data-draft]").forEach(function (form) {
    if (!refused) { restore(form, PREFIX + form.getAttribute("data-draft")); }
    bind(form);
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
})();
