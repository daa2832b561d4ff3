"""threads.py EXTENSION DATABASE: eight threads, each with a connection of its own to the same database, ask
for what the extension has, and compare with what Python makes of the same rows."""
import re, sqlite3, statistics, sys, threading

extension, database = sys.argv[1:]
THREADS, ROUNDS = 8, 40


def connect():
    db = sqlite3.connect(database, timeout=60)
    db.enable_load_extension(True)
    db.load_extension(extension)
    return db


db = connect()
db.execute("create table things (owner integer, name text, price real)")
things = [(i % THREADS, "Thing, No. %d!" % (i * 7919 % 400), i * 37 % 1000 / 8) for i in range(1600)]
db.executemany("insert into things values (?, ?, ?)", things)
db.commit()
wrong = []


def work(owner):
    db = connect()
    mine = [thing for thing in things if thing[0] == owner]
    names = sorted((name for _, name, _ in mine), key=lambda name: int(re.search(r"\d+", name)[0]))
    slugs = [re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") for name in names]
    for turn in range(ROUNDS):
        median, = db.execute("select median(price) from things where owner = ?", (owner,)).fetchone()
        if median != statistics.median(price for _, _, price in mine):
            wrong.append(("median", owner, median))
        if turn % 10 == 0:
            rows = db.execute("select slug(name) from things where owner = ? order by name collate numbered",
                              (owner,)).fetchall()
            if [slug for slug, in rows] != slugs:
                wrong.append(("slug", owner, rows))
        try:
            db.execute("select median(name) from things").fetchone()
            wrong.append(("error", owner))
        except sqlite3.OperationalError as error:
            if "bad argument type" not in str(error):
                wrong.append(("error", owner, error))
    db.close()


threads = [threading.Thread(target=work, args=(owner,)) for owner in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(wrong[:5], db.execute("select updates_of('things')").fetchone()[0], "rows")
