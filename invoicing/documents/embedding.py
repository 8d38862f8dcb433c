"""Puts the XML into the PDF: Factur-X, profile EN 16931, as ISO 19005-3 and the Factur-X specification want it."""

from datetime import UTC, datetime
from hashlib import md5
from io import BytesIO
from xml.sax.saxutils import escape

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream, StreamDecodeLevel, String

FILE_NAME = "factur-x.xml"
MEDIA_TYPE = "text/xml"
LEVEL = "EN 16931"
NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PRODUCER = "Tresen"


def embedded(pdf: bytes, xml: bytes, *, issued_at: datetime, title: str, author: str, language: str) -> bytes:
    """The PDF/A-3b of `pdf` with `xml` attached to it as the same invoice in another form (AFRelationship Alternative).

    Every stamp is `issued_at` (aware), so that the same invoice gives the same bytes.
    """
    with Pdf.open(BytesIO(pdf)) as paper:
        _forget_needless(paper)
        _attach(paper, xml, issued_at, title)
        _describe(paper, issued_at, title, author, language)
        out = BytesIO()
        # What pikepdf.pdfa.resolve_save_kwargs("3b") pins; that module needs packages that only tests have.
        paper.save(
            out,
            preserve_pdfa=True,
            fix_metadata_version=False,
            stream_decode_level=StreamDecodeLevel.generalized,
            object_stream_mode=ObjectStreamMode.generate,
            deterministic_id=True,
        )
        return out.getvalue()


def _forget_needless(paper: Pdf) -> None:
    """Typst lists the letters that each font holds (CIDSet): PDF/A-3 asks for none, and checkers distrust it."""
    for one in paper.objects:
        if isinstance(one, Dictionary) and one.get("/Type") == Name.FontDescriptor and "/CIDSet" in one:
            del one["/CIDSet"]


def _attach(paper: Pdf, xml: bytes, issued_at: datetime, title: str) -> None:
    stamp = String(_pdf_date(issued_at))
    stream = Stream(paper, xml)
    stream.Type, stream.Subtype = Name.EmbeddedFile, Name("/" + MEDIA_TYPE)
    stream.Params = Dictionary(
        Size=len(xml),
        ModDate=stamp,
        CheckSum=String(md5(xml, usedforsecurity=False).digest()),
    )
    held = paper.make_indirect(stream)
    attached = paper.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(FILE_NAME),
            UF=String(FILE_NAME),
            Desc=String(title),
            AFRelationship=Name.Alternative,
            EF=Dictionary(F=held, UF=held),
        )
    )
    root = paper.Root
    root.AF = Array([attached])
    if "/Names" not in root:
        root.Names = Dictionary()
    root.Names.EmbeddedFiles = Dictionary(Names=Array([String(FILE_NAME), attached]))


def _describe(paper: Pdf, issued_at: datetime, title: str, author: str, language: str) -> None:
    info, stamp = paper.docinfo, String(_pdf_date(issued_at))
    for name in list(info.keys()):
        del info[name]
    info.Title, info.Author = String(title), String(author)
    info.Creator, info.Producer = String(PRODUCER), String(PRODUCER)
    info.CreationDate, info.ModDate = stamp, stamp
    packet = Stream(paper, _xmp(issued_at, title, author, language).encode())
    packet.Type, packet.Subtype = Name.Metadata, Name.XML
    paper.Root.Metadata = paper.make_indirect(packet)


def _pdf_date(moment: datetime) -> str:
    return f"D:{moment.astimezone(UTC):%Y%m%d%H%M%S}+00'00'"


def _xmp(issued_at: datetime, title: str, author: str, language: str) -> str:
    stamp = f"{issued_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"
    words = {
        "title": title,
        "author": author,
        "language": language,
        "stamp": stamp,
        "producer": PRODUCER,
        "namespace": NAMESPACE,
        "file": FILE_NAME,
        "level": LEVEL,
    }
    return XMP.format(
        **{name: escape(value) for name, value in words.items()},
        properties="".join(
            PROPERTY.format(name=name, about=about)
            for name, about in (
                ("DocumentFileName", "The name of the embedded XML document"),
                ("DocumentType", "The type of the hybrid document in capital letters"),
                ("Version", "The actual version of the standard applying to the embedded XML document"),
                ("ConformanceLevel", "The conformance level of the embedded XML document"),
            )
        ),
    )


PROPERTY = """
       <rdf:li rdf:parseType="Resource">
        <pdfaProperty:name>{name}</pdfaProperty:name>
        <pdfaProperty:valueType>Text</pdfaProperty:valueType>
        <pdfaProperty:category>external</pdfaProperty:category>
        <pdfaProperty:description>{about}</pdfaProperty:description>
       </rdf:li>"""

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
   <dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <xmp:CreatorTool>{producer}</xmp:CreatorTool>
   <xmp:CreateDate>{stamp}</xmp:CreateDate>
   <xmp:ModifyDate>{stamp}</xmp:ModifyDate>
   <pdf:Producer>{producer}</pdf:Producer>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:fx="{namespace}">
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:DocumentFileName>{file}</fx:DocumentFileName>
   <fx:Version>1.0</fx:Version>
   <fx:ConformanceLevel>{level}</fx:ConformanceLevel>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
    xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
   <pdfaExtension:schemas>
    <rdf:Bag>
     <rdf:li rdf:parseType="Resource">
      <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
      <pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
      <pdfaSchema:prefix>fx</pdfaSchema:prefix>
      <pdfaSchema:property><rdf:Seq>{properties}
      </rdf:Seq></pdfaSchema:property>
     </rdf:li>
    </rdf:Bag>
   </pdfaExtension:schemas>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
