"""What became of the events: a table of figures, and which of them are not as they have to be."""

import collections
import statistics


class Verdict:
    def __init__(self, pages, lines, groups, starts):
        self.pages, self.lines, self.groups, self.starts = pages, lines, groups, starts
        self.rows, self.wrong = [], []
        self.accepted = self.all_of("accepted")
        self.kept = self.all_of("kept")
        self.tell_pages()
        for name in groups:
            self.tell_group(name, [line for line in lines if line.get("group") == name])
        self.tell_streams()

    def all_of(self, what):
        return {(page.uid, number) for page in self.pages for number in getattr(page, what)}

    def row(self, name, value):
        self.rows.append((name, str(value)))

    def must_be_none(self, name, found, meaning):
        """`found` is a list of what there should be none of."""
        self.row(name, len(found))
        if found:
            self.wrong.append(f"{name}: {len(found)}. {meaning}; for example {found[0]}")

    def must_be_zero(self, name, count, meaning):
        self.row(name, count)
        if count:
            self.wrong.append(f"{name}: {count}. {meaning}")

    def tell_pages(self):
        self.row("accepted", len(self.accepted))
        self.row("kept without a ref", len(self.kept))
        self.must_be_none("unreported", [(page.uid, n) for page in self.pages for n in page.waiting],
                          "Pages were never told what became of these")
        self.must_be_none("refused", [(page.uid, told) for page in self.pages for told in page.refused],
                          "No bound was near, and yet pages were told")

    def tell_group(self, name, lines):
        handled = [line for line in lines if line["what"] == "handled"]
        seen = {(line["key"], line["number"]) for line in handled}
        self.row(f"{name}: handled", len(seen))
        self.must_be_none(f"{name}: lost", sorted(self.accepted - seen),
                          "Pages were told that these were accepted; no worker had them")
        self.must_be_none(f"{name}: lost without a ref", sorted(self.kept - seen),
                          "What stood behind these was accepted; no worker had them")
        self.must_be_none(f"{name}: gaps", [line["gap"] for line in lines if line["what"] == "gap"],
                          "The group was told of a loss")
        self.must_be_zero(f"{name}: dead letters", self.groups[name]["dead_letters"],
                          "Nothing is wrong with these events, but who had them was killed")
        self.must_be_zero(f"{name}: left", self.groups[name]["lag"],
                          "Events still waited when there had been time enough for all")
        self.tell_repetitions(name, handled)
        if self.groups[name]["settings"]["order"] == "uid":
            self.must_be_none(f"{name}: order violations", list(out_of_order(handled)),
                              "(key, number, the number that had been handled before it)")

    def tell_repetitions(self, name, handled):
        """The broker sends an event again under its id. A page that was not told does so with its ref."""
        first_of, by_pages, untold = {}, 0, []
        for line in handled:
            event = line["key"], line["number"]
            first = first_of.setdefault(event, line)
            if line["id"] != first["id"]:
                by_pages += 1
                if line["ref"] is None or line["ref"] != first["ref"]:
                    untold.append((event, first["id"], line["id"]))
        self.row(f"{name}: repetitions", len(handled) - len(first_of))
        self.row(f"{name}: of these, with a page's ref alone", by_pages)
        self.row(f"{name}: attempts at most", max((line["attempt"] for line in handled), default=0))
        self.must_be_none(f"{name}: repetitions not told", untold, "They have neither id nor ref of before")

    def tell_streams(self):
        streams = [line for line in self.lines if line["what"] == "stream"]
        self.row("streams", len(streams))
        self.row("resumed streams", sum(line["resumed"] for line in streams))
        took = list(first_deliveries(self.lines, self.starts))
        if took:
            self.row("start to first delivery", f"{statistics.median(took) * 1000:.0f} ms in the middle, "
                     f"{max(took) * 1000:.0f} ms at most")

    def print(self):
        width = max(len(name) for name, _ in self.rows)
        for name, value in self.rows:
            print(f"{name:{width}}  {value:>8}")


def out_of_order(handled):
    """Of each key, what came for the first time behind what was sent after it."""
    highest, seen = collections.defaultdict(int), set()
    for line in handled:
        key, number = line["key"], line["number"]
        if (key, number) not in seen and number < highest[key]:
            yield key, number, highest[key]
        seen.add((key, number))
        highest[key] = max(highest[key], number)


def first_deliveries(lines, starts):
    """Seconds from each start to the first event on a stream that began after it."""
    starts = iter(sorted(starts))
    start, began = next(starts, None), set()
    for line in lines:
        if start is None:
            return
        if line["time"] < start:
            continue
        if line["what"] == "stream":
            began.add((line["group"], line["member"]))
        elif line["what"] == "handled" and (line["group"], line["member"]) in began:
            yield line["time"] - start
            while start is not None and start <= line["time"]:
                start = next(starts, None)
            began = set()
