"""The library for pages, as the broker serves it."""

import gzip
import json
import os
import re

from harness import BrokerTest, RawConnection, main

CLIENT = os.path.join(os.path.dirname(__file__), "../../broker/client")
MODULES = ("values.js", "emitter.js", "roster.js", "channel.js", "webrocket.js")
BYTES_MAX = 5000  # compressed, as a server in front of the broker sends it


class ScriptTest(BrokerTest):
    def ask(self, target, method="GET", **headers):
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        with RawConnection(self.broker.addr) as connection:
            connection.send(f"{method} {target} HTTP/1.1\r\nHost: test\r\n{lines}\r\n")
            if method == "HEAD":
                return *connection.head(), b""
            return connection.response()

    def body(self, target):
        status, _, body = self.ask(target)
        self.assertEqual(status, 200, target)
        return body.decode()


class Served(ScriptTest):
    def targets(self):
        return ("/webrocket.js", "/webrocket.mjs", f"{self.vhost.path}/webrocket.js")

    def test_forms(self):
        classic, module, vhost = map(self.body, self.targets())
        self.assertIn("\nglobalThis.WebRocket = WebRocket;\n", classic)
        self.assertNotIn("export", classic)
        self.assertIn("\nexport class WebRocket ", module)
        self.assertNotIn("globalThis.WebRocket", module)
        self.assertTrue(vhost.startswith(classic))
        self.assertIn("globalThis.$wr = ", vhost[len(classic):])

    def test_headers(self):
        for target in self.targets():
            status, headers, body = self.ask(target)
            self.assertEqual(status, 200)
            self.assertEqual(headers["content-type"], "application/javascript; charset=utf-8")
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["access-control-allow-origin"], "*")
            self.assertEqual(headers["cross-origin-resource-policy"], "cross-origin")
            self.assertEqual(headers["cache-control"], "public, max-age=300")
            self.assertRegex(headers["etag"], r'^"[0-9a-f]{16}-\w+"$')
            self.assertEqual(int(headers["content-length"]), len(body))

    def test_head(self):
        for target in self.targets():
            status, headers, _ = self.ask(target, "HEAD")
            _, full, _ = self.ask(target)
            for each in (headers, full):
                del each["date"]
            self.assertEqual((status, headers), (200, full))

    def test_every_form_has_a_tag_of_its_own(self):
        targets = [target + query for target in self.targets() for query in ("", "?debug=1")]
        tags = [self.ask(target)[1]["etag"] for target in targets]
        self.assertEqual(len(set(tags)), len(targets))
        self.assertEqual(tags, [self.ask(target)[1]["etag"] for target in targets])

    def test_whoever_has_it_is_not_sent_it_again(self):
        for target in self.targets():
            tag = self.ask(target)[1]["etag"]
            for condition in (tag, f'"x", {tag}', f"W/{tag}", f'"x",W/{tag} , "y"', "*"):
                for method in ("GET", "HEAD"):
                    with RawConnection(self.broker.addr) as connection:
                        connection.send(f"{method} {target} HTTP/1.1\r\nHost: test\r\n"
                                        f"If-None-Match: {condition}\r\n\r\n")
                        status, headers = connection.head()
                        self.assertEqual((status, headers["etag"]), (304, tag), condition)
                        self.assertNotIn("content-length", headers)
                        self.assertNotIn("content-type", headers)
                        self.assertIn("max-age", headers["cache-control"])
                        self.assertEqual(headers["access-control-allow-origin"], "*")
                        connection.send("GET /webrocket.js HTTP/1.1\r\nHost: test\r\n\r\n")
                        self.assertEqual(connection.response()[0], 200)  # and the connection goes on
            for condition in ('"x"', tag.strip('"'), tag[:-2] + '"', ""):
                self.assertEqual(self.ask(target, If_None_Match=condition)[0], 200, condition)

    def test_debug(self):
        for target in self.targets():
            plain = self.body(target)
            self.assertNotIn("WebRocket.debug = true", plain)
            debug = self.body(target + "?debug=1")
            self.assertEqual(debug.replace("WebRocket.debug = true;\n", "", 1), plain)
            for query in ("?debug=0", "?debug", "?debug=", "?debug=true", "?x=debug=1", "?debug=%zz", "?%zz&debug=1"):
                self.assertEqual(self.body(target + query), plain, query)
            self.assertEqual(self.body(target + "?a=b&debug=1"), debug)
        vhost = self.body(self.targets()[2] + "?debug=1")
        self.assertLess(vhost.index("WebRocket.debug = true"), vhost.index("$wr"))

    def test_other_methods(self):
        for target in self.targets():
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                status, headers, _ = self.ask(target, method, Content_Length=0)
                self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"), f"{method} {target}")

    def test_vhosts_that_are_not_there(self):
        vhost = self.vhost.path
        for target in ("/nothing/webrocket.js", f"{vhost}/more/webrocket.js", f"{vhost}x/webrocket.js",
                       f"{vhost}//webrocket.js", "//webrocket.js", f"{vhost}/../webrocket.js",
                       f"{vhost}/nothing/webrocket.js?debug=1"):
            for method in ("GET", "HEAD"):
                status, headers, _ = self.ask(target, method)
                self.assertEqual(status, 404, target)
                self.assertNotIn("www-authenticate", headers)
        for target in ("/webrocket", "/webrocket.jsx", "/webrocket.js/", "/Webrocket.js", "/nothing/webrocket.mjs"):
            self.assertEqual(self.ask(target)[0], 404, target)

    def test_vhosts_of_several_segments(self):
        nested = self.broker.vhost(f"{self.vhost.path}/inner/most")
        self.assertEqual(self.body(f"{nested.path}/webrocket.js"), self.body(self.targets()[2]))

    def test_a_channel_of_that_name_is_the_backends(self):
        self.vhost.open("webrocket.js")
        self.assertEqual(self.vhost.fire("webrocket.js", "hello").status, 202)
        self.assertEqual(self.vhost.request("DELETE", "/channels/webrocket.js").status, 202)

    def test_no_secret_is_in_it(self):
        self.assertNotIn(self.vhost.token, self.body(self.targets()[2]))

    def test_it_is_small(self):
        for target in self.targets():
            size = len(gzip.compress(self.body(target + "?debug=1").encode(), 9))
            self.assertLess(size, BYTES_MAX, target)

    def test_it_says_its_version(self):
        with open(os.path.join(CLIENT, "package.json")) as file:
            version = json.load(file)["version"]
        for target in self.targets():
            self.assertTrue(self.body(target).startswith(f"// WebRocket {version}, "))

    def test_it_is_the_source_without_its_comments(self):
        def statements(text):
            lines = (re.sub(r" *// .*", "", line) for line in text.splitlines())
            return [line.removeprefix("export ") for line in lines if line and not line.startswith("import ")]

        source = []
        for name in MODULES:
            with open(os.path.join(CLIENT, name)) as file:
                source += statements(file.read())
        self.assertEqual(statements(self.body("/webrocket.mjs")), source)

    def test_it_is_one_script_that_exports_one_name(self):
        module = self.body("/webrocket.mjs")
        self.assertEqual(re.findall(r"^(?:import|export)\b.*", module, re.M), ["export class WebRocket extends Emitter {"])


class VhostsUnserved(ScriptTest):
    FLAGS = ("--no-vhost-script",)

    def test_only_the_library_alone_is_there(self):
        self.assertEqual(self.body("/webrocket.js?debug=1").count("$wr"), 0)
        self.body("/webrocket.mjs")
        for target in (f"{self.vhost.path}/webrocket.js", f"{self.vhost.path}/webrocket.js?debug=1"):
            for method in ("GET", "HEAD"):
                self.assertEqual(self.ask(target, method)[0], 404)


if __name__ == "__main__":
    main()
