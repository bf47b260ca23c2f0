"""A headless Chromium, driven over --remote-debugging-pipe: no library, no port.

usage: browser.py PAGE [--dark] [--size WxH] STEP...
  js:EXPRESSION      evaluates it; prints its value as JSON
  shot:FILE          a picture of what is in sight
  key:NAME           presses a key (Tab, Enter, ...)
  wait:EXPRESSION    until it is true, five seconds at most
  print:FILE         the page as a PDF
  requests           how many requests were made besides the page itself
  problems           prints what the console and the security policy complained of, as JSON
"""
import base64, json, os, select, shutil, subprocess, sys, tempfile, time

class Browser:
    def __init__(self):
        to_child, self.out = os.pipe()
        self.inp, from_child = os.pipe()
        self.home = tempfile.mkdtemp(prefix='cordon-browser.')

        # Numbers 3 and 4 must be free to be overwritten.
        a, b = os.dup(to_child), os.dup(from_child)
        while a in (3, 4): a = os.dup(a)
        while b in (3, 4): b = os.dup(b)
        def place():
            os.dup2(a, 3); os.dup2(b, 4)
        self.process = subprocess.Popen(
            [shutil.which('chromium') or 'chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--hide-scrollbars', '--no-first-run', '--user-data-dir=' + self.home, '--remote-debugging-pipe', 'about:blank'],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child); os.close(from_child)
        self.number, self.buffer, self.events, self.session = 0, b'', [], None
        target = [t for t in self.call('Target.getTargets')['targetInfos'] if t['type'] == 'page'][0]
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self.call(domain + '.enable')

    def read(self, patience):
        while b'\0' not in self.buffer:
            if not select.select([self.inp], [], [], patience)[0]:
                raise SystemExit('the browser does not answer')
            more = os.read(self.inp, 1 << 20)
            if not more:
                raise SystemExit('the browser has ended')
            self.buffer += more
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.read(60)
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise SystemExit('%s: %s' % (method, answer['error']))
                return answer['result']
            self.events.append(answer)

    def open(self, url):
        self.call('Page.navigate', url=url)
        deadline = time.time() + 30
        while not any(e.get('method') == 'Page.loadEventFired' for e in self.events):
            if time.time() > deadline:
                raise SystemExit('the page does not load')
            self.js('1')
            time.sleep(.02)

    def js(self, expression):
        result = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise SystemExit('%s: %s' % (expression, result['exceptionDetails'].get('exception', {}).get('description')))
        return result['result'].get('value')

    def problems(self):
        out = []
        for e in self.events:
            if e.get('method') == 'Runtime.exceptionThrown':
                out.append(e['params']['exceptionDetails'].get('exception', {}).get('description', '?'))
            if e.get('method') == 'Log.entryAdded' and e['params']['entry']['level'] == 'error':
                out.append(e['params']['entry']['text'])
            if e.get('method') == 'Runtime.consoleAPICalled' and e['params']['type'] in ('error', 'warning'):
                out.append(str(e['params']['args']))
        return out

    def requests(self):
        return sum(e.get('method') == 'Network.requestWillBeSent' and not e['params']['request']['url'].startswith('about:') for e in self.events) - 1

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

def main():
    arguments = sys.argv[1:]
    page, dark, size = arguments.pop(0), False, (1200, 900)
    while arguments and arguments[0].startswith('--'):
        flag = arguments.pop(0)
        if flag == '--dark': dark = True
        if flag == '--size': size = tuple(map(int, arguments.pop(0).split('x')))
    browser = Browser()
    try:
        browser.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        browser.call('Emulation.setDeviceMetricsOverride', width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)
        browser.open('file://' + os.path.abspath(page))
        for step in arguments:
            verb, _, rest = step.partition(':')
            if verb == 'js':
                print(json.dumps(browser.js(rest)))
            elif verb == 'wait':
                deadline = time.time() + 5
                while not browser.js(rest):
                    if time.time() > deadline:
                        raise SystemExit('never: ' + rest)
                    time.sleep(.05)
            elif verb == 'shot':
                data = browser.call('Page.captureScreenshot', format='png', captureBeyondViewport=False)['data']
                open(rest, 'wb').write(base64.b64decode(data))
            elif verb == 'print':
                open(rest, 'wb').write(base64.b64decode(browser.call('Page.printToPDF', printBackground=True)['data']))
            elif verb == 'key':
                codes = {'Enter': ('\r', 13), 'Tab': ('', 9), ' ': (' ', 32)}
                text, code = codes.get(rest, ('', 0))
                for kind in ('keyDown', 'keyUp'):
                    browser.call('Input.dispatchKeyEvent', type=kind, key=rest, code='Space' if rest == ' ' else rest, windowsVirtualKeyCode=code, text=text if kind == 'keyDown' else '')
            elif verb == 'requests':
                print(browser.requests())
            elif verb == 'problems':
                browser.js('1')
                print(json.dumps(browser.problems()))
            else:
                raise SystemExit('no such step: ' + step)
    finally:
        browser.end()

main()
