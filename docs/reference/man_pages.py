#!/usr/bin/env python3
"""Makes the man pages of the C library out of Doxygen's XML: one for each function and for each type
of callback, and libkosmonaut(3), which lists them and all constants.

    man_pages.py XML_DIRECTORY MAN_DIRECTORY VERSION
"""

import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree

SECTION = "3"
OVERVIEW = "libkosmonaut"


def escaped(text):
    """Text that troff leaves as it is."""
    return text.replace("\\", "\\e").replace("-", "\\-")


def one_line(text):
    return re.sub(r"\s+", " ", text)


class Prose:
    """Doxygen's markup as troff. A kind of markup that is not known ends the program: to drop it
    would leave holes in the pages."""

    def __init__(self):
        self.names = []  # of the functions and types that are spoken of

    def paragraphs(self, element):
        """The element's paragraphs, without what stands in sections of its own."""
        return [text for text in map(self.inline, element.findall("para")) if text]

    def inline(self, element):
        parts = [escaped(one_line(element.text or ""))]
        for child in element:
            parts.append(self.markup(child))
            parts.append(escaped(one_line(child.tail or "")))
        return "".join(parts).strip()

    def markup(self, element):
        if element.tag in ("parameterlist", "simplesect"):
            return ""
        if element.tag == "ref":
            name = element.text.removesuffix("()")
            if name.startswith("kn_") and name not in self.names:
                self.names.append(name)
            return f"\\fB{escaped(element.text)}\\fR"
        if element.tag == "computeroutput":
            # A long text in JSON may be broken behind its commas.
            return f"\\fB{self.inline(element)}\\fR".replace(",", ",\\:")
        if element.tag == "ulink":
            return self.inline(element)
        if element.tag == "itemizedlist":
            return self.bullets(" ".join(self.paragraphs(item))
                                for item in element.findall("listitem"))
        if element.tag == "table":
            return self.bullets(self.rows(element))
        raise SystemExit(f"man_pages: no idea what to do with <{element.tag}>")

    @staticmethod
    def bullets(items):
        return "".join(f"\n.IP \\(bu 2\n{item}" for item in items) + "\n.P\n"

    def rows(self, table):
        """A table in sentences: what each row's head has under each column's."""
        heads, *rows = ([" ".join(self.paragraphs(entry)) for entry in row.findall("entry")]
                        for row in table.findall("row"))
        for name, *entries in rows:
            cells = [f"{head}: {entry}" for head, entry in zip(heads[1:], entries)]
            yield f"{name}. {'; '.join(cells)}."


def lines_of(text):
    """A line that begins with a dot or an apostrophe would be taken for a request."""
    for line in text.strip().split("\n"):
        is_request = re.match(r"\.(IP|P)\b", line)
        yield line if is_request or not line.startswith((".", "'")) else "\\&" + line


class Page:
    def __init__(self, name, what, version):
        self.out = [f'.TH "{escaped(name)}" "{SECTION}" "" "libkosmonaut {version}" "libkosmonaut"',
                    ".nh", ".ad l"]
        self.section("NAME")
        self.text(f"{escaped(name)} \\- {what}")

    def section(self, title):
        self.out.append(f".SH {title}")

    def text(self, text):
        self.out.extend(lines_of(text))

    def paragraphs(self, texts):
        for number, text in enumerate(texts):
            if number > 0:
                self.out.append(".P")
            self.text(text)

    def tagged(self, tag, text):
        self.out.extend([".TP", tag])
        self.text(text)

    def code(self, lines):
        bold = [f"\\fB{escaped(line)}\\fR" if line else ".sp" for line in lines]
        self.out.extend([".nf", *bold, ".fi"])

    def see_also(self, names):
        self.section("SEE ALSO")
        self.text(",\n".join(f"\\fB{escaped(name)}\\fR({SECTION})" for name in names))

    def write(self, directory, name):
        with open(os.path.join(directory, f"{name}.{SECTION}"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.out) + "\n")


class Member:
    """A function or a type of callback, as Doxygen tells of it."""

    def __init__(self, element, header):
        self.element = element
        self.header = header
        self.name = element.findtext("name")
        self.prose = Prose()
        self.brief = self.prose.inline(element.find("briefdescription/para")).removesuffix(".")

    @property
    def is_function(self):
        return self.element.get("kind") == "function"

    def prototype(self):
        """The declaration, a parameter a line where one line is too long for it."""
        result = "".join(self.element.find("type").itertext())
        arguments = self.element.findtext("argsstring").replace("(*", " (*")
        if not self.is_function:
            return [f"typedef {result.replace('(*', ' (*')}{self.name}{arguments};"]
        begin = f"{result} {self.name}(".replace("* ", "*")
        one = begin + arguments[1:] + ";"
        if len(one) <= 72:
            return [one]
        parameters = re.split(r", (?![^(]*\))", arguments[1:-1])
        ends = [","] * (len(parameters) - 1) + [");"]
        return [begin, *(f"    {parameter}{end}" for parameter, end in zip(parameters, ends))]

    def parameters(self):
        for item in self.element.iterfind(".//parameterlist[@kind='param']/parameteritem"):
            yield (item.findtext(".//parametername"),
                   " ".join(self.prose.paragraphs(item.find("parameterdescription"))))

    def part(self, kind, title=None):
        """A simplesect's text; None where there is none."""
        for found in self.element.iterfind(f".//simplesect[@kind='{kind}']"):
            if title is None or found.findtext("title") == title:
                return " ".join(self.prose.paragraphs(found))
        return None

    def page(self, version, others):
        page = Page(self.name, self.brief[0].lower() + self.brief[1:], version)
        page.section("SYNOPSIS")
        page.code([f"#include <{self.header}>", "", *self.prototype()])
        page.section("DESCRIPTION")
        page.paragraphs([self.brief + ".",
                         *self.prose.paragraphs(self.element.find("detaileddescription"))])
        parameters = list(self.parameters())
        if parameters:
            page.section("PARAMETERS")
            for name, text in parameters:
                page.tagged(f"\\fI{escaped(name)}\\fR", text)
        for title, text in (("RETURN VALUE", self.part("return")),
                            ("THREADS", self.part("par", "Threads")),
                            ("VERSIONS", self.part("since"))):
            if text:
                page.section(title)
                page.text(f"Since {text}." if title == "VERSIONS" else text)
        page.see_also([OVERVIEW, *(name for name in self.prose.names
                                   if name in others and name != self.name)])
        return page


class Header:
    def __init__(self, path):
        self.element = ElementTree.parse(path).getroot().find("compounddef")
        self.name = self.element.find("location").get("file")

    def text(self):
        prose = Prose()
        found = [self.element.find("briefdescription"), self.element.find("detaileddescription")]
        return [text for part in found for text in prose.paragraphs(part)]

    def members(self):
        for element in self.element.iter("memberdef"):
            is_callback = (element.get("kind") == "typedef" and
                           "(" in (element.findtext("argsstring") or ""))
            if element.get("kind") == "function" or is_callback:
                yield Member(element, self.name)

    def constants(self):
        for value in self.element.iter("enumvalue"):
            prose = Prose()
            words = [text for part in ("briefdescription", "detaileddescription")
                     for text in prose.paragraphs(value.find(part))]
            yield f"{value.findtext('name')} {value.findtext('initializer')}", " ".join(words)


def headers_in(directory):
    """The C headers, the one that includes all others first."""
    names = sorted(name for name in os.listdir(directory) if name.endswith("_8h.xml"))
    names.sort(key=lambda name: name != "kosmonaut_8h.xml")
    return [Header(os.path.join(directory, name)) for name in names]


def overview(headers, version):
    page = Page(OVERVIEW, "backend library of the WebRocket broker", version)
    page.section("SYNOPSIS")
    page.code([f"#include <{headers[0].name}>"])
    page.section("DESCRIPTION")
    page.paragraphs(headers[0].text())
    for header in headers[1:]:
        page.section(escaped(os.path.basename(header.name)))
        page.paragraphs(header.text())
        for member in header.members():
            page.tagged(f"\\fB{escaped(member.name)}\\fR({SECTION})", member.brief)
        for constant, text in header.constants():
            page.tagged(f"\\fB{escaped(constant)}\\fR", text)
    return page


def main(xml_directory, man_directory, version):
    shutil.rmtree(man_directory, ignore_errors=True)
    os.makedirs(man_directory)
    headers = headers_in(xml_directory)
    members = [member for header in headers for member in header.members()]
    names = {member.name for member in members}
    for member in members:
        member.page(version, names).write(man_directory, member.name)
    overview(headers, version).write(man_directory, OVERVIEW)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
