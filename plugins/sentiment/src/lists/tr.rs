//! Turkish.

use super::Lists;

// In lines: a phrase a line would be a thousand lines a language.
#[rustfmt::skip]
pub(crate) static LISTS: Lists = Lists {
    code: "tr",
    little_words: &[
        "bir", "ve", "bu", "icin", "ne", "zaman", "nerede", "nasil", "var", "yok", "mi", "mu", "da", "de",
        "ama", "cok", "tesekkurler", "tesekkur", "merhaba", "siparisim", "siparisimi", "kargom", "kargo",
        "urun", "urunu", "iade", "istiyorum", "lutfen", "bana", "benim", "beni", "siz", "size", "sizi",
        "hala", "daha", "gibi", "kadar", "sonra", "once", "kez", "defa", "gun", "hafta", "hic", "kimse",
        "her", "sey", "oldu", "olan", "geldi", "gelir", "gelecek", "para", "param", "parami", "ederim",
        "alabilir", "miyim", "misiniz", "musunuz", "musun", "numarali", "adresim", "iyi", "gunler", "guzel",
        "tam", "kac", "adina", "ile", "olarak", "ben", "bunu", "buradan", "yine", "tekrar", "soruyorum",
        "almam", "kartimdan", "magazasinda", "numarasi", "cumartesi", "bugun", "sizden", "cikti", "actim",
        "yere", "biraz", "dar", "fikrimi", "siparisten", "krem", "uygun", "yesili", "yilbasindan", "ust",
        "uste", "cevap", "orada", "calisan", "biri", "hizliydi", "gondermek", "ciddi", "magazadan", "uzak",
        "durun", "yumusak", "ettim", "ucuncu", "olur", "kutuyu", "parfum", "sag", "olun", "dakikadir",
        "hatta", "on", "paketim", "tabak", "hizli", "lambayi", "etiket", "neden",
    ],
    letters: &['ş', 'ğ', 'ı', 'ç', 'ö', 'ü'],
    negators: &["degil", "hic"],
    contrasts: &["ama", "fakat", "ancak"],
    reproaches: &["neden", "niye"],
    cues: &[
        (-75, &[
            "dolandiric*", "dolandir*", "sahtekar*", "hirsiz*", "bir daha asla", "polise", "savcilig*",
            "tuketici hakem", "mahkeme", "sikayet var", "en kotu", "sakin almayin", "kesinlikle almayin",
            "uzak durun", "avukat*", "almayin", "sakin",
        ]),
        (-60, &[
            "rezalet", "rezil*", "berbat", "igrenc", "kabul edilemez", "skandal", "saygisiz*", "utanc verici",
            "utanin", "parami geri", "parami verin", "biktim", "yeter artik", "dalga mi", "sinir oldum",
            "cok kotu", "korkunc", "kepazelik", "bik*", "ciddi misiniz", "saka mi", "kabus", "kaos",
            "utanmaz*", "kizginim", "sinirliyim",
        ]),
        (-45, &[
            "kimse cevap", "kimse ilgilenmiyor", "kimse bilmiyor", "cevap vermiyor*", "cevap yok",
            "cevap alamadim", "donus yapilmadi", "donus yok", "hala gelmedi", "hala bir sey yok", "hala yok",
            "hala yatmadi", "hala bekliyorum", "gelecekti", "gelmesi gerekiyordu", "ulasmadi",
            "teslim edilmedi", "elime ulasmadi", "bekliyorum", "gun oldu", "hafta oldu", "ucuncu kez",
            "dorduncu kez", "kacinci kez", "ikinci kez", "uc kez", "defalarca", "hayal kirikligi*",
            "memnun degilim", "memnun kalmadim", "hic memnun", "begenmedim", "calismiyor", "calismadi",
            "bozuldu", "kalitesiz", "kalitesi kotu", "iki kez para", "iki kez cekil*", "iki kere cekil*",
            "cift cekim", "fazla cekil*", "yine gecikti", "yine gecik*", "pisman*", "telefonu kapatti*",
            "yuzume kapat*", "aldatici", "resimle alakasi", "alakasi yok", "uzgunum", "agladi", "yarisi",
            "sadece yarisi", "para iadesi yapilmadi", "iade yapilmadi", "yatmadi", "gelecekler", "gelmeliydi",
            "otomatik cevap", "otomatik mesaj", "calisan biri", "ulasamiyorum", "ulasilamiyor", "kandirildim",
            "kandir*", "aldatil*", "bulamiyor", "neden odu", "istemistim", "farkli fiyat", "daha pahali",
            "donuyor", "vakit kaybi", "baska urun", "farkli urun", "istedigim bu degil", "oyaliyor*",
            "magdur*", "siyah _ siparis ettim", "hatta bekliyorum", "dakikadir", "telefona bakmiyor",
            "telefona cikmiyor", "telefonu acmiyor*", "kaba", "terbiyesiz*", "saygisizca", "gun gecikti",
            "gecikti", "soz verdi*", "soz verilmis*", "ucretsiz olmasi", "bahane*",
        ]),
        (-35, &[
            "kirik", "kirilmis", "kirildi", "bozuk", "hasarli", "defolu", "ayipli", "yirtik", "yirtildi",
            "cizik", "catlak", "lekeli", "delik", "yanlis renk", "yanlis urun", "yanlis beden",
            "yanlis gonder*", "eksik", "kayip", "kayboldu", "maalesef", "ne yazik ki", "kotu", "sikayet*",
            "gelmedi", "gonderilmedi", "soldu", "cekti mi", "paslan*", "sizdir*", "uzucu", "akmis", "dokul*",
            "kuflu", "kuf", "curuk", "solmus", "tarihi gecmis", "boya veriyor", "sokul*", "sikisti",
            "yanip sonuyor", "gicirdiyor", "egri", "seffaf", "cok ince", "minicik", "kucucuk", "tozlu",
            "yapis yapis", "isiniyor", "ozensiz", "dagildi", "koptu", "dokuldu", "zayif", "cizildi",
            "parcalandi", "gecikme",
        ]),
        (-25, &[
            "gec kaldi", "gec", "yanlis",
        ]),
        (-15, &[
            "sorun", "problem", "iade edilmedi",
        ]),
        (0, &[
            "sorun cozuldu", "sorun degil", "sorun yok", "sorun kalmadi", "simdiden tesekkur*", "iyi gunler",
            "iyi aksamlar", "iyi calismalar", "kolay gelsin", "acelesi yok", "acele degil", "yanlislikla",
            "yanlis siparis verdim", "yanlis beden sectim", "saygilar*", "ne kadar surer", "gec olmadan",
            "biraz dar", "cok dar", "saat kaca kadar acik", "bos zaman", "guvenle",
        ]),
        (25, &[
            "tesekkur*", "sagol*", "sag ol*", "guzel", "iyi", "tam oldu", "hizli", "begendim", "memnunum",
            "memnun kaldim", "uygun", "rahat", "cozuldu", "calisiyor", "fena degil", "resimdeki gibi",
            "elime ulasti", "kibar", "ilgili", "yardimci oldu*", "eline saglik", "yumusak", "lezzetli",
            "tatli", "sirin", "cok hizliydi", "hizliydi", "ikincisini siparis", "saglam", "pratik",
            "kokusu guzel", "keyifli", "basarili",
        ]),
        (35, &[
            "cok tesekkur*", "cok guzel", "cok iyi", "cok memnun", "super", "tavsiye ederim", "mukemmel*",
            "beklentimin ustunde", "bekledigimden iyi", "tam istedigim*", "bayildim", "cok begendim",
            "cok yumusak", "yillardir", "cok rahat", "cok basarili",
        ]),
        (50, &[
            "harika*", "muhtesem*", "efsane", "kusursuz", "en iyi*", "asik oldum", "olaganustu", "sahane",
        ]),
    ],
    intents: &[
        ("", 80, &[
            "simdiden tesekkur*",
        ]),
        ("return", 85, &[
            "etiket", "biraz dar", "ile degisebilir", "degisebilir", "baska beden", "bir beden buyuk",
            "bir beden kucuk", "buyuk beden", "kucuk beden",
        ]),
        ("human_please", 85, &[
            "bir insan", "insan cevap", "hatta bekliyorum", "calisan biri", "otomatik cevap", "beni arar",
            "birisi arayabilir", "arayabilir",
        ]),
        ("product_question", 85, &[
            "hassas cilt*", "bu krem", "uygun mu", "kokusu nasil", "mat mi", "kalinligi",
        ]),
        ("loyalty", 85, &[
            "bakiye*", "seviye*", "statu", "damga",
        ]),
        ("stock_question", 85, &[
            "once gelir mi", "gelir mi", "yilbasindan once", "ne zaman gelecek stok", "yeniden stok",
        ]),
        ("cancel", 85, &[
            "fikrimi degistirdim", "siparisten cikar*", "cikarir misiniz", "artik istemiyorum",
        ]),
        ("refund", 85, &[
            "hesabima", "hesaba", "yatar", "yatacak",
        ]),
        ("where_is_my_order", 85, &[
            "cikti mi", "sizden cikti", "yola cikti", "gonderildi mi", "gelecekti", "ne zaman cikar",
            "teslimat tarihi", "kargoya verildi", "yolda mi", "ne zaman teslim",
        ]),
        ("where_is_my_order", 90, &[
            "siparisim nerede", "kargom nerede", "paketim nerede", "kargo nerede", "urunum nerede",
            "ne zaman gelir", "ne zaman gelecek", "ne zaman ulasir", "ne zaman kargo*", "takip numarasi",
            "kargo takip", "kargo durumu", "siparis durumu", "siparisimin durumu", "gelmedi", "ulasmadi",
            "teslim edilmedi", "elime ulasmadi", "kargom ne",
        ]),
        ("where_is_my_order", 70, &[
            "gelmesi gerekiyordu", "hala bir sey yok", "hala gelmedi", "hala bekliyorum",
            "kargomu bekliyorum", "siparisimi bekliyorum",
        ]),
        ("return", 90, &[
            "iade ederim", "iade etmek", "iade edecegim", "iade edebilir*", "nasil iade", "geri gonder*",
            "degisim", "degistirmek", "degistirebilir*", "iade kodu", "iade sureci", "degistir*",
        ]),
        ("return", 50, &[
            "iade",
        ]),
        ("refund", 90, &[
            "para iadesi", "param", "parami", "ucret iadesi", "geri odeme", "para iademi",
            "iade _ _ once size", "paramin",
        ]),
        ("cancel", 90, &[
            "iptal*", "vazgectim", "siparisten vazgec*",
        ]),
        ("human_please", 90, &[
            "musteri temsilci*", "temsilciyle", "temsilci ile", "gercek bir insan*", "insanla",
            "biriyle gorusmek", "biriyle konusmak", "yetkili*", "beni arayin", "arar misiniz", "aranmak",
            "canli destek", "mudur*", "kimse var mi", "yonetici*",
        ]),
        ("stock_question", 90, &[
            "stok*", "stokta", "tekrar gelecek", "tukendi", "mevcut", "magazasinda var", "var mi magaza*",
            "ne zaman stok*", "yeniden gelecek", "bedeni var", "numarasi var", "kaldi mi",
        ]),
        ("loyalty", 90, &[
            "puan*", "sadakat", "uyelik", "uye indirimi", "hediye ceki", "kupon",
        ]),
        ("product_question", 80, &[
            "yun mu", "deri mi", "hangi beden", "olculeri", "olcusu", "malzeme*", "kumasi", "su gecirmez",
            "yikanir", "makinede", "bulasik makine*", "uyumlu", "kalip", "hangi renk*", "garanti*", "pil",
            "agirligi", "pamuk mu",
        ]),
        ("thanks", 80, &[
            "tesekkur*", "sagol*", "sag ol*", "minnettar*",
        ]),
        ("product_question", 45, &[
            "bu _ _ mi", "bu _ _ mu", "bu _ mi", "bu _ mu", "bu _",
        ]),
    ],
    topics: &[
        ("damage", &[
            "kahverengi geldi", "baska renk", "akmis", "kuflu", "egri", "kirik", "kirilmis", "kirildi",
            "bozuk", "bozuldu", "hasarli", "defolu", "yirtik", "catlak", "yanlis renk", "yanlis urun",
            "yanlis beden", "eksik",
        ]),
        ("delivery", &[
            "sizden cikti", "kargo*", "teslim*", "gonderi*", "gonderiyor*", "paketim", "adresim* degis*",
            "kurye",
        ]),
        ("payment", &[
            "kartim reddedildi", "reddedildi", "fiyat", "indirim kodu", "fatura*", "odeme*", "para cekil*",
            "cekilmis", "kredi karti", "taksit*", "havale", "fis",
        ]),
        ("setup", &[
            "kurulum*", "kurmak", "baglan*", "talimat*", "kullanim kilavuzu", "montaj*", "bluetooth", "wifi",
        ]),
        ("account", &[
            "sifre*", "hesabim*", "giris yap*", "uyeligim",
        ]),
    ],
};
