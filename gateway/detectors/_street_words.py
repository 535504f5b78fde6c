"""What streets are called, by where the word stands. Data, no logic."""


def _words(text: str) -> list[str]:
    return text.split()


# After the name, as words of their own: `12 Oak Street`, `9 Mill Lane`.
AFTER = frozenset(
    _words(
        "street st road rd avenue ave av lane ln drive dr drv way court courts ct place pl boulevard blvd terrace "
        "terr ter close crescent cres square squares sq parkway parkways pkwy highway hwy circle circles cir trail "
        "trl alley aly row walk walks mews mew gardens garden grove groves hill hills heights hts loop park path "
        "pike plaza plz ridge ridges rdg run view views village villages vlg turnpike expressway freeway esplanade "
        "quay quays wharf parade pde rise vale green greens meadow meadows mall bypass estate estates crossing "
        "crossroad crossroads bridge brook brooks creek crk canyon cyn cove cv coves falls ferry field fields flats "
        "flat ford fords forest forge forges fork forks glen glens harbor harbors harbour haven hollow holw island "
        "islands isle junction jct junctions key keys knoll knolls lake lakes landing lodge manor manors mill mills "
        "mission motorway mount mountain mountains orchard oval pass passage pine pines plain plains point points "
        "port ports prairie ranch rapid rapids ramp rest river route shoal shoals shore shores skyway spring "
        "springs spur spurs station stravenue stream summit throughway trace track trafficway tunnel underpass "
        "union unions valley valleys via viaduct ville vista well wells cape center centers centre cliff cliffs "
        "club common commons corner corners course curve dale dam divide extension extensions fall gateway inlet "
        "land light lights loaf lock locks neck overpass radial cross arcade causeway fairway towers promenade "
        "range brae marg nagar chowk ganj bazaar straat weg"
    )
)
# Grown to the name: `Hauptstraße 12`, `Storgatan 4`, `Mannerheimintie 9`.
GROWN = tuple(
    _words(
        "straße strasse str str. gasse weg allee platz damm ufer graben hof gatan gata vägen vagen väg torget gränd "
        "stigen stien bakken sgate vegen veien vei vej vejen sgade gaden egata stræde torv torvet straat laan plein "
        "gracht singel dreef steenweg kade pad baan hofje steeg katu kuja intie polku kaari rinne utca stíg stígur "
        "vegur stræti hlíð iela tänav ulice boulevard straße strasse str. -platz -ring -weg -allee -gasse -damm "
        "-ufer"
    )
)
# A word of its own between name and number: `Nagy utca 3`, `Karl Johans gate 22`.
SPACED = frozenset(
    _words(
        "straße strasse str. str allee platz weg ring gasse gade allé vej gate gata vei väg utca út útja tér krt. "
        "u. iela tänav gatve g. caddesi cad. sokak soka\u011f\u0131 sk. ulica cesta ulice nám. náměstí třída katu kuja "
        "tie polku bulevardi trg"
    )
)
# Before the name: `12 rue de la Paix`, `Via Roma 3`, `ul. Długa 5`.
BEFORE = frozenset(
    _words(
        "rue avenue av av. boulevard bd chemin impasse allée allées quai cours montée sentier via viale corso "
        "piazza piazzale vicolo strada stradone largo contrada borgo rotonda incrocio calle c/ avda avda. avenida "
        "paseo plaza camino carrera cra cra. cr. cl cl. ctra ctra. carretera ronda pasaje rambla cuesta callejón "
        "circunvalación privada diagonal blv. cañada acceso vial pasadizo urbanización glorieta vereda prolongación "
        "callejon retorno rua travessa tv. alameda praça estrada rodovia vila ladeira ulica ul. al. aleja pl. plac "
        "os. osiedle jalan jl. gang gg. str. bulevardul calea aleea drumul soseaua şoseaua intrarea trg nám. "
        "náměstí třída"
    )
)
PARTICLES = frozenset(
    _words(
        "de du des del della delle dei degli di da do dos das la le les los las el van von der den zum zur am an in "
        "im och i a y e"
    )
)
# Between name and number.
NUMBERED = frozenset(_words("n n. no no. n° nº n.º nr nr. # núm. num. č. nº."))
# What a number alone makes a part of an address: `Suite 12`, `P.O. Box 12`.
UNITS = frozenset(_words("suite ste. ste apt apt. apartment flat studio h.no. postfach postbus apartado"))
# What a number stands beside in other texts: `July 4`, `Chapter 3`.
NO_STREETS = frozenset(
    _words(
        "january february march april may june july august september october november december januar februar märz "
        "juni juli oktober dezember janvier février mars avril juin juillet août septembre octobre novembre "
        "décembre chapter section figure fig table volume vol part page article step question answer example "
        "exercise problem option note line row item version level grade class room act amendment title phase "
        "appendix equation theorem lemma day week month year number"
    )
)
