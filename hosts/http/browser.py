#!/usr/bin/env python3
"""browser.py URL SCRIPT PICTURE: opens the page in a headless Chromium, runs the script (JavaScript, in an
async function) in it, prints what that returns, and takes a picture.

Chromium is spoken to through its debugging pipe: it reads from descriptor 3 and writes to 4, JSON, each
message ended by a zero byte."""
import base64, json, os, subprocess, sys, tempfile

url, script, picture = sys.argv[1:]
commands_out, commands = os.pipe()
answers, answers_in = os.pipe()


def as_3_and_4():
    low, high = os.dup(commands_out), os.dup(answers_in)
    os.dup2(low, 3)
    os.dup2(high, 4)


with tempfile.TemporaryDirectory() as profile:
    browser = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=900,900", "--remote-debugging-pipe", "--user-data-dir=" + profile],
        preexec_fn=as_3_and_4, pass_fds=(3, 4), stderr=subprocess.DEVNULL)
    os.close(commands_out)
    os.close(answers_in)
    stream = os.fdopen(answers, "rb")
    count = 0

    def read():
        text = b""
        while not text.endswith(b"\0"):
            byte = stream.read(1)
            if not byte:
                sys.exit("browser.py: chromium has ended")
            text += byte
        return json.loads(text[:-1])

    def command(method, session=None, **parameters):
        global count
        count += 1
        message = {"id": count, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = read()
            if answer.get("id") == count:
                if "error" in answer:
                    sys.exit("browser.py: %s: %s" % (method, answer["error"]["message"]))
                return answer["result"]

    target = command("Target.createTarget", url="about:blank")["targetId"]
    session = command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    command("Page.enable", session)
    command("Page.navigate", session, url=url)
    while read().get("method") != "Page.loadEventFired":
        pass
    result = command("Runtime.evaluate", session, awaitPromise=True, returnByValue=True,
                     expression="(async () => {" + open(script).read() + "})()")
    png = command("Page.captureScreenshot", session)["data"]
    with open(picture, "wb") as file:
        file.write(base64.b64decode(png))
    command("Browser.close")
    browser.wait()
    if "exceptionDetails" in result:
        sys.exit("browser.py: " + json.dumps(result["exceptionDetails"]))
    print(result["result"].get("value"))
