"""The parts of the page of a release, one function for each; empty with nothing to say."""

from fream_compose.nginx.series import Series
from fream_compose.project.entry import HookRun
from fream_compose.release import SetName
from fream_compose.release_report import words
from fream_compose.release_report.axis import TimeAxis
from fream_compose.release_report.chart import Charts
from fream_compose.release_report.facts import ReleaseReport, StepTaken
from fream_compose.release_report.markup import Markup, joined, tag
from fream_compose.times import span

_NOTHING = Markup("")


def section(title: str, *content: str) -> Markup:
    """A part under its own heading."""
    name = title.lower().replace(" ", "-")
    heading = tag("h2", title, id=name)
    return tag("section", heading, *content, aria_labelledby=name)


def facts(report: ReleaseReport) -> Markup:
    """What, by whom, when."""
    run = report.run
    known = {
        "Change": words.change(report),
        "By": run.by,
        "Note": run.note,
        "Began": words.when(run),
        "Took": span(run.seconds),
        "Way back": f"none behind it: {run.no_way_back}" if run.no_way_back else "",
        "Command": run.command,
    }
    return tag("dl", *(_fact(n, value) for n, value in known.items() if value), class_="facts")


def _fact(name: str, value: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", tag("bdi", value)))


def failure(report: ReleaseReport) -> Markup:
    """Why it failed, and what to do."""
    run = report.run
    if not (run.why or report.log):
        return _NOTHING
    known = {
        "Step": words.failed_step(report),
        "Serving": report.serving,
        "Next": report.next_step,
    }
    parts = [tag("p", run.why, class_="why")] if run.why else []
    parts += [tag("dl", *(_fact(n, v) for n, v in known.items() if v), class_="facts")]
    if report.log:
        title = tag("figcaption", "The last lines of its log")
        parts.append(tag("figure", title, tag("pre", "\n".join(report.log), tabindex=0)))
    return section("What went wrong", *parts)


def warnings(report: ReleaseReport) -> Markup:
    """What the operator should look into."""
    if not (found := report.run.warnings):
        return _NOTHING
    return section("Warnings", tag("ul", *(tag("li", each) for each in found), class_="warnings"))


def figures(report: ReleaseReport) -> Markup:
    """The counts, large."""
    if not (found := report.evidence) or not (found.served or found.failed):
        return _NOTHING
    shown = [
        ("served", f"{found.served:,}", ""),
        ("failed", f"{found.failed:,}", "bad" if found.failed else ""),
        *((f"p99 {name}", words.milliseconds(t.p99_ms), "") for name, t in words.latencies(found)),
    ]
    more = [
        ("given up by their client", found.client_left),
        ("answered by the other set", found.caught),
        ("answered by nginx itself", found.by_nginx),
    ]
    shown += [(name, f"{number:,}", "") for name, number in more if number]
    tiles = (tag("div", tag("dt", name), tag("dd", n, class_=c or None)) for name, n, c in shown)
    return tag("dl", *tiles, class_="figures")


def traffic(report: ReleaseReport) -> Markup:
    """Requests over time."""
    found, series = report.evidence, report.series
    if not (found and series and series.by_set):
        return _NOTHING
    new = report.run.set
    charts = Charts(series, SetName(new).other, new)
    every = span(series.part_seconds).replace(".0 s", " s")
    shaded = " Shaded: before it began." if series.edges[0] < 0 else ""
    return section(
        "Requests",
        _legend(report, charts),
        _figure("Requests a second", f"Counted every {every}.{shaded}", charts.requests()),
        _failed(charts, every),
        _figure(
            "Latency",
            "The line is p50: half were faster. The band reaches up to p99. "
            "Each step up is ten times longer.",
            charts.latency(),
        ),
        _numbers(series),
    )


def _legend(report: ReleaseReport, charts: Charts) -> Markup:
    names = {"none": "no release", "old": charts.old, "new": charts.new}
    shown = []
    for drawn, _ in charts.courses:
        name = names[drawn]
        release = f"{report.release_in(name)} in {name}" if report.release_in(name) else name
        shown.append(tag("li", tag("span", class_=f"key {drawn}"), tag("bdi", release)))
    return tag("ul", *shown, class_="legend")


def _failed(charts: Charts, every: str) -> Markup:
    if not any(charts.failures):
        return _figure("Failed requests", "None.", _NOTHING)
    return _figure("Failed requests", f"In each {every}.", charts.failed())


def _figure(title: str, caption: str, drawing: Markup) -> Markup:
    named = tag("figcaption", tag("strong", title), " ", caption)
    return tag("figure", named, drawing)


def steps(report: ReleaseReport) -> Markup:
    """Each step as a bar on the time of the run."""
    if not (taken := report.steps):
        return _NOTHING
    end = max(report.run.seconds, *(step.began + step.seconds for step in taken))
    axis = TimeAxis(0.0, end)
    cut = report.series.cut_over if report.series else None
    return section("Steps", tag("ol", *(_step(step, axis, cut) for step in taken), class_="steps"))


def _step(step: StepTaken, axis: TimeAxis, cut: float | None) -> Markup:
    at = axis.percent(step.began)
    wide = max(axis.percent(step.began + step.seconds) - at, 0.4)
    bar = {"x": f"{min(at, 99.6):g}%", "width": f"{wide:g}%", "y": "50%", "height": 12, "rx": 2}
    drawn = [tag("rect", class_="bar bad" if step.failed else "bar", **bar)]
    if cut is not None:
        place = f"{axis.percent(cut):g}%"
        drawn.append(tag("line", class_="cut", x1=place, x2=place, y1=0, y2="100%"))
    took = span(step.seconds) + (", failed" if step.failed else "")
    return tag(
        "li",
        tag("span", step.title, class_="title"),
        tag("svg", *drawn, width="100%", height=20, aria_hidden="true"),
        tag("span", took, class_="took bad" if step.failed else "took"),
    )


def hooks(report: ReleaseReport) -> Markup:
    """Each hook that ran, with what it printed."""
    if not (ran := report.run.hooks):
        return _NOTHING
    return section("Hooks", *map(_hook, ran))


def _hook(hook: HookRun) -> Markup:
    well = hook.result == "done"
    result = tag("span", hook.result, class_=None if well else "bad")
    head = joined(tag("bdi", hook.run), ": ", result, f", {span(hook.seconds)}")
    if not hook.output.strip():
        return tag("p", head)
    inside = (tag("summary", head), tag("pre", hook.output, tabindex=0))
    return tag("details", *inside, open=None if well else "")


def images(report: ReleaseReport) -> Markup:
    """What the release was made of."""
    if not (found := report.run.images):
        return _NOTHING
    rows = (tag("li", tag("code", f"{name}@{content}")) for name, content in found.items())
    return section("Images", tag("ul", *rows, class_="images"))


def _numbers(series: Series) -> Markup:
    """The charts as a table, for whoever cannot see them or wants the figures."""
    names = list(series.by_set)
    head = ["from", *(f"{name}: {what}" for name in names for what in _COLUMNS)]
    rows = []
    for number, edge in enumerate(series.edges[:-1]):
        cells = [f"{edge:+.1f} s"]
        for course in series.by_set.values():
            p50, p99 = course.p50_ms[number], course.p99_ms[number]
            cells += [f"{course.requests[number]:,}", f"{course.failed[number]:,}"]
            cells += ["" if value is None else words.milliseconds(value) for value in (p50, p99)]
        rows.append(tag("tr", *(tag("td", cell) for cell in cells)))
    headings = tag("tr", *(tag("th", each, scope="col") for each in head))
    table = tag("table", tag("thead", headings), tag("tbody", *rows))
    summary = tag("summary", "The same in figures")
    return tag("details", summary, tag("div", table, class_="wide", tabindex=0), class_="numbers")


_COLUMNS = ("requests", "failed", "p50", "p99")
